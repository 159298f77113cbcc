// Where a model computes: the CPU, or a GPU, whose libraries are opened where there is one.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>
#include <vector>

namespace tagformer {

/// What NVIDIA's driver says of this machine.
struct CudaDriver {
  /// The newest CUDA that it runs, such as "13.0"; empty where there is no driver.
  std::string version;
  /// Names of the GPUs, in the order of cuda:0, cuda:1, ...
  std::vector<std::string> gpus;
  /// Why no GPU can be used; empty when there is one.
  std::string problem;
};

/// Asks the driver, once in a process.
const CudaDriver& cuda_driver();

/// libtorch's CUDA library, which the add-on is not linked with.
struct CudaLibrary {
  std::string file;
  /// Why it cannot be used; empty when it is open.
  std::string problem;
};

/// Opens it, once in a process: nearly half a gigabyte, whether there is a GPU or not.
const CudaLibrary& open_cuda_library();

struct Placement {
  c10::Device device;
  /// What a user who left the choice to us should know of it; may be empty.
  std::string note;
};

/// The device that `wanted` names: "cpu", "cuda", "cuda:N", or "auto" for a GPU that works where there is
/// one, and else the CPU. Throws DEVICE_UNAVAILABLE with what was found and what to type.
///
/// libtorch asks once in a process whether it has CUDA, and counts GPUs once, when first it computes a
/// gradient. So where there is a GPU the CUDA library is opened here for every model, the CPU's too: call it
/// before anything of libtorch runs.
Placement choose_device(const std::string& wanted);

/// Lets fp32 products round their factors to TF32, in the whole process: libtorch knows no smaller scope.
void allow_tf32();

/// Makes operations add in the same order every time, in the whole process.
void compute_deterministically();

/// Whether the text of an error tells of a failure after which a GPU's context, and so every model of the
/// process that is on it, cannot be used: all later calls fail too.
bool tells_device_failure(std::string_view text);

/// Whether it tells that CUDA would not record what was given to it; the context goes on.
bool tells_refused_capture(std::string_view text);

}  // namespace tagformer
