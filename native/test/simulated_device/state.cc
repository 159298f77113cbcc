#include "simulated_device/state.h"

#include <c10/util/Exception.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "simulated_device/memory.h"

namespace simulated {

Counters& counters() {
  static Counters counters;
  return counters;
}

Faults& faults() {
  static Faults faults;
  return faults;
}

int device_count() {
  static const int count = [] {
    const char* const text = std::getenv("SIMULATED_DEVICES");
    return text == nullptr ? 1 : std::atoi(text);
  }();
  return count;
}

int& current_device() {
  thread_local int device = 0;
  return device;
}

void fail(const char* what, bool sticky) {
  if (sticky) faults().broken = true;
  throw c10::AcceleratorError(
      {__func__, __FILE__, static_cast<std::uint32_t>(__LINE__)}, 1,
      std::string("CUDA error: ") + what +
          "\nCUDA kernel errors might be asynchronously reported at some other API call");
}

void check_alive() {
  if (faults().broken) fail("an illegal memory access was encountered", /*sticky=*/true);
}

void launch(const char* name) {
  check_alive();
  ++counters().kernels;
  if (std::strcmp(name, "aten::copy_") == 0 || std::strcmp(name, "aten::_foreach_copy_") == 0)
    ++counters().copies_on_device;
  std::atomic<std::int64_t>& left = faults().kernels_left;
  if (left >= 0 && left.fetch_sub(1) == 0) fail("an illegal memory access was encountered", /*sticky=*/true);
  finish_uploads();
}

}  // namespace simulated
