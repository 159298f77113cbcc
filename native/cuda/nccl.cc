// libtagformer_cuda.so: NCCL, by which ranks with a GPU each sum their gradients. Compiled with the headers
// of libtorch 2.11, 2.13 and 2.15, and opened; not yet run on GPUs.
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "runtime/cuda_library.h"

extern "C" __attribute__((visibility("default"))) c10d::Backend* tagformer_make_nccl(
    c10d::Store* store, int rank, int size, std::chrono::milliseconds timeout) {
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(c10::intrusive_ptr<c10d::Store>::reclaim_copy(store),
                                                     rank, size, options)
      .release();
}
