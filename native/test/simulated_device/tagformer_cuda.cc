// Stands in for libtagformer_cuda.so: its recordings are the simulated device's, and its NCCL adds through
// c10d's store.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#include <cstring>
#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <utility>
#include <vector>

#include "runtime/cuda_library.h"
#include "simulated_device/recording_abi.h"

namespace {

class SimulatedRecording final : public tagformer::Recording {
 public:
  ~SimulatedRecording() override { simulated_forget(graph_); }

  void record(const std::function<void()>& body) override {
    const auto call = [](void* argument) { (*static_cast<const std::function<void()>*>(argument))(); };
    graph_ = simulated_record(call, const_cast<std::function<void()>*>(&body));
  }
  void replay() override { simulated_replay(graph_); }

 private:
  simulated::Graph* graph_ = nullptr;
};

class Done final : public c10d::Work {
 public:
  bool wait(std::chrono::milliseconds) override { return true; }
};

/// Sums fp32 tensors of the device, in the order of the ranks; refuses those of the CPU, as NCCL does.
class SimulatedNccl final : public c10d::Backend {
 public:
  SimulatedNccl(c10::intrusive_ptr<c10d::Store> store, int rank, int size)
      : Backend(rank, size), store_(std::move(store)) {}

  const std::string getBackendName() const override { return "simulated"; }

  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& tensors,
                                           const c10d::AllreduceOptions&) override {
    const at::NoGradGuard no_gradients;
    const at::Tensor& tensor = tensors.at(0);
    TORCH_CHECK(tensors.size() == 1 && tensor.is_cuda() && tensor.is_contiguous(), "no tensor of a GPU");
    const std::string sum = std::to_string(sums_++) + "/";
    at::Tensor own = tensor.cpu();
    const auto* const bytes = static_cast<const std::uint8_t*>(own.const_data_ptr());
    store_->set(sum + std::to_string(getRank()), std::vector<std::uint8_t>(bytes, bytes + own.nbytes()));
    at::Tensor total;
    for (int rank = 0; rank < getSize(); ++rank) {
      const std::vector<std::uint8_t> told = store_->get(sum + std::to_string(rank));
      at::Tensor theirs = at::empty_like(own);
      TORCH_CHECK(told.size() == theirs.nbytes(), "ranks sum tensors of other sizes");
      std::memcpy(theirs.data_ptr(), told.data(), told.size());
      total = total.defined() ? total.add(theirs) : theirs;
    }
    tensor.copy_(total);
    return c10::make_intrusive<Done>();
  }

 private:
  c10::intrusive_ptr<c10d::Store> store_;
  std::uint64_t sums_ = 0;
};

}  // namespace

extern "C" {

SIMULATED_EXPORT const char* tagformer_cuda_version() { return tagformer::kOwnCudaLibraryVersion; }

SIMULATED_EXPORT tagformer::Recording* tagformer_make_recording(c10::DeviceIndex,
                                                                const tagformer::Recording* like) {
  if (like == nullptr) ++simulated::counters().pools;  // else it has that one's
  return new SimulatedRecording;
}

SIMULATED_EXPORT c10d::Backend* tagformer_make_nccl(c10d::Store* store, int rank, int size,
                                                    std::chrono::milliseconds) {
  return c10::make_intrusive<SimulatedNccl>(c10::intrusive_ptr<c10d::Store>::reclaim_copy(store), rank, size)
      .release();
}
}
