#include "runtime/device.h"

#include <ATen/Context.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <unistd.h>

#include <array>

#include "runtime/error.h"
#include "runtime/memory.h"

namespace tagformer {
namespace {

#ifdef __APPLE__
constexpr const char* kLibraryName = "libtorch_cuda.dylib";
#else
constexpr const char* kLibraryName = "libtorch_cuda.so";
#endif

/// A function of the driver. Their numbers and handles are ints (cuda.h, which is not needed to build).
template <typename Function>
Function driver_function(void* library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library, name));
}

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

CudaDriver ask_driver() {
  CudaDriver driver;
  void* const library = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    driver.problem = "there is no NVIDIA driver (libcuda.so.1)";
    return driver;
  }
  const auto initialise = driver_function<int (*)(unsigned)>(library, "cuInit");
  const auto get_version = driver_function<int (*)(int*)>(library, "cuDriverGetVersion");
  const auto get_count = driver_function<int (*)(int*)>(library, "cuDeviceGetCount");
  const auto get_device = driver_function<int (*)(int*, int)>(library, "cuDeviceGet");
  const auto get_name = driver_function<int (*)(char*, int, int)>(library, "cuDeviceGetName");
  if (initialise == nullptr || get_version == nullptr || get_count == nullptr || get_device == nullptr ||
      get_name == nullptr) {
    driver.problem = "libcuda.so.1 is not NVIDIA's driver";
    return driver;
  }
  int version = 0;
  if (get_version(&version) == 0) driver.version = version_text(version);
  const int status = initialise(0);
  int count = 0;
  if (status == 0) (void)get_count(&count);
  for (int index = 0; index < count; ++index) {
    int device = 0;
    std::array<char, 256> name{};
    const bool known =
        get_device(&device, index) == 0 && get_name(name.data(), static_cast<int>(name.size()), device) == 0;
    driver.gpus.emplace_back(known ? name.data() : "unknown");
  }
  if (count == 0) {
    driver.problem = "the NVIDIA driver shows no GPU (CUDA error " + std::to_string(status) +
                     "); is CUDA_VISIBLE_DEVICES set, or the container started without GPUs?";
  }
  return driver;
}

/// The directory of the libtorch that is in use.
std::string library_directory() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(&at::globalContext), &info) == 0 || info.dli_fname == nullptr)
    return "";
  const std::string file = info.dli_fname;
  return file.substr(0, file.rfind('/') + 1);
}

CudaLibrary load_torch_cuda() {
  CudaLibrary library{library_directory() + kLibraryName, ""};
  constexpr const char* kAdvice = "; type: npx tagformer setup --cuda";
  if (::access(library.file.c_str(), R_OK) != 0) {
    library.problem = "the libtorch in use is built without CUDA: there is no " + library.file + kAdvice;
    // For all others to see: its operations are registered when it is opened, and it is never closed.
  } else if (::dlopen(library.file.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* const reason = ::dlerror();
    library.problem = "libtorch's CUDA library " + library.file + " cannot be opened (" +
                      (reason == nullptr ? "no reason given" : reason) + ")" + kAdvice;
  }
  return library;
}

int device_count() {
  if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) return 0;
  return c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount();
}

/// Why CUDA cannot be used in this process, or nothing.
std::string cuda_problem() {
  const CudaDriver& driver = cuda_driver();
  if (!driver.problem.empty()) return driver.problem;
  const CudaLibrary& library = open_cuda_library();
  if (!library.problem.empty()) return library.problem;
  if (device_count() > 0) return "";
  return "libtorch sees no GPU, though the driver has " + driver.gpus.front() + " and runs CUDA " +
         driver.version + "; a libtorch for a newer CUDA than the driver's sees none";
}

std::string name_of(c10::Device device) {
  const auto& gpus = cuda_driver().gpus;
  const auto index = static_cast<std::size_t>(static_cast<unsigned char>(device.index()));
  return device.str() + (index < gpus.size() ? " (" + gpus[index] + ")" : "");
}

/// Why this GPU does not compute, or nothing. Throws OUT_OF_MEMORY when all of its memory is taken.
std::string problem_of(c10::Device device) {
  try {
    const at::Tensor ones = at::ones({2, 2}, at::TensorOptions().device(device));
    if (at::matmul(ones, ones).sum().item<double>() == 8.0) return "";
    return "it gives wrong results";
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    std::string reason = text.substr(0, text.find('\n'));
    if (is_out_of_memory(error))
      throw Error("OUT_OF_MEMORY", "device " + name_of(device) + " is full: " + reason);
    return reason;
  }
}

Placement choose_freely(const std::string& problem) {
  const c10::Device cpu(c10::kCPU);
  if (!problem.empty()) {
    // An idle GPU is worth a note; a machine without one is not.
    return {cpu, cuda_driver().gpus.empty() ? "" : "computing on the CPU: " + problem};
  }
  const c10::Device device(c10::kCUDA, 0);
  try {
    const std::string fault = problem_of(device);
    if (fault.empty()) return {device, "computing on " + name_of(device)};
    return {cpu, "computing on the CPU: " + name_of(device) + " does not work: " + fault};
  } catch (const Error& full) {
    return {cpu, std::string("computing on the CPU: ") + full.what()};
  }
}

}  // namespace

const CudaDriver& cuda_driver() {
  static const CudaDriver driver = ask_driver();
  return driver;
}

const CudaLibrary& open_cuda_library() {
  static const CudaLibrary library = load_torch_cuda();
  return library;
}

Placement choose_device(const std::string& wanted) {
  const std::string problem = cuda_problem();
  if (wanted == "cpu") return {c10::Device(c10::kCPU), ""};
  if (wanted == "auto") return choose_freely(problem);
  const auto refuse = [&](const std::string& reason) -> Error {
    return {"DEVICE_UNAVAILABLE",
            "device " + wanted + " is not available: " + reason + ". On the CPU: device cpu or auto"};
  };
  if (!problem.empty()) throw refuse(problem);
  const c10::Device named(wanted);
  const c10::Device device(c10::kCUDA, named.has_index() ? named.index() : c10::DeviceIndex{0});
  if (device.index() >= device_count()) {
    throw refuse("there are " + std::to_string(device_count()) + " GPUs, cuda:0 being " +
                 cuda_driver().gpus.front());
  }
  const std::string fault = problem_of(device);
  if (!fault.empty()) throw refuse(name_of(device) + " does not work: " + fault);
  return {device, ""};
}

void allow_tf32() { at::globalContext().setAllowTF32CuBLAS(true); }

void compute_deterministically() {
  at::Context& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/true);
  // All memory that we read was written before.
  context.setDeterministicFillUninitializedMemory(false);
}

namespace {

/// What CUDA says (cudaGetErrorString) of errors that end nothing but the call: arguments that it refuses,
/// and what it does not do while it records.
constexpr std::array kHarmless = {
    "invalid argument",
    "invalid configuration argument",
    "invalid device ordinal",
    "invalid device function",
    "invalid resource handle",
    "no kernel image is available",
    "operation not supported",
    "peer access",
    "too many resources requested for launch",
};

bool tells(std::string_view text, const char* what) { return text.find(what) != std::string_view::npos; }

}  // namespace

bool tells_refused_capture(std::string_view text) {
  return tells(text, "CUDA error:") && (tells(text, "capture") || tells(text, "capturing"));
}

bool tells_device_failure(std::string_view text) {
  if (tells_out_of_memory(text) || tells_refused_capture(text)) return false;
  for (const char* const harmless : kHarmless) {
    if (tells(text, (std::string("CUDA error: ") + harmless).c_str())) return false;
  }
  // libtorch has a type for it since 2.9 only.
  for (const char* const sign :
       {"CUDA error:", "CUBLAS_STATUS_EXECUTION_FAILED", "CUDNN_STATUS_EXECUTION_FAILED"}) {
    if (tells(text, sign)) return true;
  }
  return false;
}

}  // namespace tagformer
