// How the stand-in for libtagformer_cuda.so reaches the simulated device, which the process has opened.
#pragma once

#include "simulated_device/state.h"

namespace simulated {
struct Graph;
}  // namespace simulated

extern "C" {
/// Records what `body` gives to the device.
SIMULATED_EXPORT simulated::Graph* simulated_record(void (*body)(void*), void* argument);
SIMULATED_EXPORT void simulated_replay(const simulated::Graph* graph);
SIMULATED_EXPORT void simulated_forget(simulated::Graph* graph);
}
