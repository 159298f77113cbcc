// The one kernel that stands for all: it runs the CPU's over aliases of its arguments.
#pragma once

#include <ATen/core/boxing/KernelFunction.h>
#include <ATen/core/dispatch/Dispatcher.h>

namespace simulated {

/// For operators that CUDA has a kernel for.
void run_kernel(const c10::OperatorHandle& operation, torch::jit::Stack* stack);

struct Operator {
  /// Without "aten::".
  const char* name;
  /// Whether it refuses tensors of two devices.
  bool checked;
};

/// Those that have a CUDA kernel, as libtorch declares them.
c10::ArrayRef<Operator> cuda_operators();

}  // namespace simulated
