// Stands in for libtagformer_cuda.so: its recordings are the simulated device's.
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

}  // namespace

extern "C" {

SIMULATED_EXPORT const char* tagformer_cuda_version() { return tagformer::kOwnCudaLibraryVersion; }

SIMULATED_EXPORT tagformer::Recording* tagformer_make_recording(c10::DeviceIndex,
                                                                const tagformer::Recording* like) {
  if (like == nullptr) ++simulated::counters().pools;  // else it has that one's
  return new SimulatedRecording;
}
}
