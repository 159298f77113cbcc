// For tests: process.dlopen(module, this library) gives what the device counted and the failures it may be
// asked for.
#include <node_api.h>

#include <array>
#include <cstring>
#include <utility>

#include "simulated_device/state.h"

namespace simulated {
namespace {

double first_argument(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value argument = nullptr;
  double value = -1;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  if (count > 0) napi_get_value_double(env, argument, &value);
  return value;
}

/// counters() -> { kernels, ... }
napi_value get_counters(napi_env env, napi_callback_info) {
  const Counters& all = counters();
  const std::pair<const char*, std::uint64_t> figures[] = {
      {"kernels", all.kernels},
      {"copiesOnDevice", all.copies_on_device},
      {"uploads", all.uploads},
      {"waitingUploads", all.waiting_uploads},
      {"downloads", all.downloads},
      {"waitingDownloads", all.waiting_downloads},
      {"scalars", all.scalars},
      {"waits", all.waits},
      {"allocations", all.allocations},
      {"replays", all.replays},
      {"pools", all.pools},
      {"bytes", all.bytes},
      {"peakBytes", all.peak_bytes},
      {"pinnedBytes", all.pinned_bytes},
  };
  napi_value object = nullptr;
  napi_create_object(env, &object);
  for (const auto& [name, figure] : figures) {
    napi_value value = nullptr;
    napi_create_double(env, static_cast<double>(figure), &value);
    napi_set_named_property(env, object, name, value);
  }
  return object;
}

/// limitMemory(bytes): of all devices; less than 0: none.
napi_value limit_memory(napi_env env, napi_callback_info info) {
  const double bytes = first_argument(env, info);
  faults().memory = bytes < 0 ? UINT64_MAX : static_cast<std::uint64_t>(bytes);
  return nullptr;
}

/// failAllocation(n): the n-th from now, counted from 0, finds no memory; less than 0: none.
napi_value fail_allocation(napi_env env, napi_callback_info info) {
  faults().allocations_left = static_cast<std::int64_t>(first_argument(env, info));
  return nullptr;
}

/// failKernel(n): the n-th from now, counted from 0, breaks the device; less than 0: none.
napi_value fail_kernel(napi_env env, napi_callback_info info) {
  faults().kernels_left = static_cast<std::int64_t>(first_argument(env, info));
  return nullptr;
}

/// repair(): the device works again, which no GPU does.
napi_value repair(napi_env, napi_callback_info) {
  faults().kernels_left = -1;
  faults().broken = false;
  return nullptr;
}

/// resetPeak(): peakBytes begins at what is in use.
napi_value reset_peak(napi_env, napi_callback_info) {
  counters().peak_bytes = counters().bytes.load();
  return nullptr;
}

}  // namespace
}  // namespace simulated

extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env,
                                                                                     napi_value exports) {
  using namespace simulated;
  const std::array<std::pair<const char*, napi_callback>, 6> functions{{
      {"counters", get_counters},
      {"limitMemory", limit_memory},
      {"failAllocation", fail_allocation},
      {"failKernel", fail_kernel},
      {"repair", repair},
      {"resetPeak", reset_peak},
  }};
  for (const auto& [name, callback] : functions) {
    napi_value function = nullptr;
    napi_create_function(env, name, std::strlen(name), callback, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  }
  return exports;
}
