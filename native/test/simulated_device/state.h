// What tests ask the simulated device for: how often it was used, and which failures it should have.
#pragma once

#include <atomic>
#include <cstdint>

namespace simulated {

/// How often something happened since the process began; `bytes_` are what is held now.
struct Counters {
  std::atomic<std::uint64_t> kernels{0};
  /// Kernels that only copy or convert: aten::copy_ and aten::_foreach_copy_.
  std::atomic<std::uint64_t> copies_on_device{0};
  std::atomic<std::uint64_t> uploads{0}, waiting_uploads{0};
  std::atomic<std::uint64_t> downloads{0}, waiting_downloads{0};
  /// Times that the host read one number (item()).
  std::atomic<std::uint64_t> scalars{0};
  /// Other times that the host waited.
  std::atomic<std::uint64_t> waits{0};
  std::atomic<std::uint64_t> allocations{0};
  std::atomic<std::uint64_t> replays{0};
  /// Pools of memory that recordings were given.
  std::atomic<std::uint64_t> pools{0};
  std::atomic<std::uint64_t> bytes{0}, peak_bytes{0}, pinned_bytes{0};
};

struct Faults {
  /// Bytes that all devices have together.
  std::atomic<std::uint64_t> memory{UINT64_MAX};
  /// Allocations until one that finds no memory; -1: none.
  std::atomic<std::int64_t> allocations_left{-1};
  /// Kernels until one that breaks the device; -1: none.
  std::atomic<std::int64_t> kernels_left{-1};
  /// The context is lost: every call fails.
  std::atomic<bool> broken{false};
};

#define SIMULATED_EXPORT __attribute__((visibility("default")))

SIMULATED_EXPORT Counters& counters();
SIMULATED_EXPORT Faults& faults();

int device_count();
/// The device of this thread.
int& current_device();

/// While it lives, this thread's device is another.
class OnDevice {
 public:
  explicit OnDevice(int index) : outer_(current_device()) { current_device() = index; }
  ~OnDevice() { current_device() = outer_; }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

 private:
  int outer_;
};

/// Fails as CUDA does, and keeps the device broken where `sticky`.
[[noreturn]] void fail(const char* what, bool sticky);
/// Fails when the device is broken.
void check_alive();
/// Counts a kernel of this name, and fails if it is the one that was asked to.
void launch(const char* name);

}  // namespace simulated
