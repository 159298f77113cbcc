// Tensors to a device, in one piece.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace tagformer {

/// Contiguous CPU tensors, side by side in one block of bytes, from which a copy to `device` goes on by
/// itself.
at::Tensor pack(const std::vector<at::Tensor>& tensors, c10::Device device);

/// The tensors of a packed block: undefined ones stay so, the others share the block's memory.
std::vector<at::Tensor> unpack(const at::Tensor& block, const std::vector<at::Tensor>& like);

/// The same contiguous CPU tensors on `device`, by one copy that the CPU does not wait for; undefined ones
/// stay so. They share one block of memory.
std::vector<at::Tensor> upload(const std::vector<at::Tensor>& tensors, c10::Device device);

}  // namespace tagformer
