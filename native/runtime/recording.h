// Work that is recorded once and then repeated over the same memory: on a GPU a CUDA graph.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace tagformer {

class Recording {
 public:
  Recording() = default;
  virtual ~Recording() = default;
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /// Records the work that `body` gives to the device, without doing it. All memory that `body` reads and
  /// writes, but for what it makes itself, must stay where it is.
  virtual void record(const std::function<void()>& body) = 0;
  /// Does what was recorded.
  virtual void replay() = 0;
};

/// For a GPU from the library of native/cuda, which is opened here; the CPU calls `body` again for each
/// replay. `like`, which may be null, is a recording of which nothing is read any more when this one is
/// replayed, nor the other way round: both then compute in the same memory. Throws DEVICE_UNAVAILABLE when
/// that library is not there.
std::unique_ptr<Recording> make_recording(c10::Device device, const Recording* like);

}  // namespace tagformer
