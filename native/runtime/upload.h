// Tensors to a device, in one piece.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace tagformer {

/// The same contiguous CPU tensors on `device`, by one copy that the CPU does not wait for; undefined ones
/// stay so. They share one block of memory.
std::vector<at::Tensor> upload(const std::vector<at::Tensor>& tensors, c10::Device device);

}  // namespace tagformer
