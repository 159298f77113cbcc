#include "runtime/recording.h"

#include "runtime/cuda_library.h"
#include "runtime/error.h"

namespace tagformer {
namespace {

/// The CPU's: it has nothing to save by recording, and computes as a recording must.
class Repetition final : public Recording {
 public:
  void record(const std::function<void()>& body) override { body_ = body; }
  void replay() override { body_(); }

 private:
  std::function<void()> body_;
};

}  // namespace

std::unique_ptr<Recording> make_recording(c10::Device device, const Recording* like) {
  if (device.is_cpu()) return std::make_unique<Repetition>();
  const OwnCudaLibrary& library = open_own_cuda_library();
  if (!library.problem.empty()) {
    throw Error("DEVICE_UNAVAILABLE", "steps cannot be recorded: " + library.problem);
  }
  return std::unique_ptr<Recording>(library.make_recording(device.index(), like));
}

}  // namespace tagformer
