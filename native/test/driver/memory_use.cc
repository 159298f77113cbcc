#include "driver/memory_use.h"

#include <ATen/ops/empty.h>
#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace tagformer::driver {
namespace {

/// Free and all bytes of the GPU of this thread's context.
std::pair<std::int64_t, std::int64_t> gpu_bytes() {
  void* const library = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error("there is no NVIDIA driver");
  using Ask = int (*)(std::size_t*, std::size_t*);
  const auto ask = reinterpret_cast<Ask>(::dlsym(library, "cuMemGetInfo_v2"));
  std::size_t free = 0;
  std::size_t total = 0;
  if (ask == nullptr || ask(&free, &total) != 0) throw std::runtime_error("the driver tells no memory");
  return {static_cast<std::int64_t>(free), static_cast<std::int64_t>(total)};
}

std::int64_t data_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t size = 0;
  std::int64_t ignored = 0;
  std::int64_t data = 0;
  file >> size >> ignored >> ignored >> ignored >> ignored >> data;
  return data * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

std::int64_t memory_in_use(c10::Device device) {
  if (!device.is_cpu()) {
    const auto [free, total] = gpu_bytes();
    return total - free;
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

at::Tensor leave_free(c10::Device device, std::int64_t bytes) {
  if (!device.is_cpu()) {
    const std::int64_t taken = std::max<std::int64_t>(gpu_bytes().first - bytes, 0);
    return at::empty({taken}, at::TensorOptions().dtype(at::kByte).device(device));
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_DATA, &limit);
  limit.rlim_cur = static_cast<rlim_t>(data_bytes() + bytes);
  ::setrlimit(RLIMIT_DATA, &limit);
  return {};
}

}  // namespace tagformer::driver
