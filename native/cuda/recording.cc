// libtagformer_cuda.so: recordings as CUDA graphs. Read against the headers of libtorch 2.11, 2.13 and 2.15,
// and compiled with them; not yet run on a GPU.

// clang-format off
// First: without CUDA_VERSION the next header declares a CUDAGraph that is smaller than libtorch's own.
#include <cuda.h>
// clang-format on
#include <ATen/cuda/CUDAGeneratorImpl.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "runtime/cuda_library.h"

static_assert(CUDA_VERSION >= 12040, "CUDAGraph has members that depend on CUDA's version from 12.4 on");

namespace tagformer {
namespace {

/// Before 2.15 a graph must be told of the generators whose numbers are drawn in it; since then it finds them
/// itself, and the function is gone.
template <typename Graph>
void register_generator(Graph& graph, const at::Generator& generator) {
  if constexpr (requires { graph.register_generator_state(generator); }) {
    graph.register_generator_state(generator);
  }
}

class CudaRecording final : public Recording {
 public:
  CudaRecording(c10::DeviceIndex device, const CudaRecording* like)
      : device_(device), pool_(like == nullptr ? at::cuda::graph_pool_handle() : like->pool_) {}

  void record(const std::function<void()>& body) override {
    const c10::cuda::CUDAGuard here(device_);
    // What the body reads may still be under way.
    c10::cuda::device_synchronize();
    // The default stream cannot be recorded.
    const c10::cuda::CUDAStreamGuard stream(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device_));
    register_generator(graph_, at::cuda::detail::getDefaultCUDAGenerator(device_));
    // Of this thread alone: those of other models may allocate meanwhile.
    graph_.capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
    try {
      body();
    } catch (...) {
      abandon();
      throw;
    }
    graph_.capture_end();
  }

  void replay() override {
    const c10::cuda::CUDAGuard here(device_);
    graph_.replay();
  }

 private:
  /// Ends a recording whose body failed; what this says too is of no use beside that.
  void abandon() noexcept {
    try {
      graph_.capture_end();
    } catch (const std::exception&) {
      (void)cudaGetLastError();
    }
  }

  c10::DeviceIndex device_;
  /// The memory that it computes in.
  at::cuda::MempoolId_t pool_;
  at::cuda::CUDAGraph graph_;
};

}  // namespace
}  // namespace tagformer

extern "C" {

__attribute__((visibility("default"))) const char* tagformer_cuda_version() {
  return tagformer::kOwnCudaLibraryVersion;
}

__attribute__((visibility("default"))) tagformer::Recording* tagformer_make_recording(
    c10::DeviceIndex device, const tagformer::Recording* like) {
  return new tagformer::CudaRecording(device, static_cast<const tagformer::CudaRecording*>(like));
}
}
