// Tensors of the device as the CPU's kernels see them, and what those made of them as the device has it.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace simulated {

/// The same tensor on the CPU, over the memory that kernels see.
at::Tensor seen_by_kernel(const at::Tensor& tensor);

/// Fresh memory of the device.
at::Tensor empty_on_device(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType type);

/// The arguments of one operation.
class Aliases {
 public:
  /// The alias of an argument; itself where it is not of the device.
  at::Tensor add(const at::Tensor& tensor);
  /// A result of the CPU's kernel on the device: an argument, a view of one, or in memory of its own.
  [[nodiscard]] at::Tensor result(const at::Tensor& computed) const;
  /// Gives arguments that the kernel resized their new size and content.
  void take_back() const;

 private:
  struct Pair {
    at::Tensor device, seen;
  };
  std::vector<Pair> pairs_;
};

}  // namespace simulated
