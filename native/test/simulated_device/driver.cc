// Stands in for libcuda.so.1: a driver with the GPUs that the simulated device has.
#include <cstdlib>
#include <cstring>

#define DRIVER_EXPORT __attribute__((visibility("default")))

extern "C" {

DRIVER_EXPORT int cuInit(unsigned) { return 0; }

DRIVER_EXPORT int cuDriverGetVersion(int* version) {
  *version = 13000;
  return 0;
}

DRIVER_EXPORT int cuDeviceGetCount(int* count) {
  const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES");
  const char* const devices = std::getenv("SIMULATED_DEVICES");
  *count = devices == nullptr ? 1 : std::atoi(devices);
  if (visible != nullptr && *visible == 0) *count = 0;
  return 0;
}

DRIVER_EXPORT int cuDeviceGet(int* device, int index) {
  *device = index;
  return 0;
}

DRIVER_EXPORT int cuDeviceGetName(char* name, int size, int) {
  std::strncpy(name, "Simulated GPU", static_cast<std::size_t>(size));
  return 0;
}
}
