// Linear layers over the model's parameters.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/linear.h>

#include "weights/declare.h"

namespace tagformer {

/// x W^T, `[rows, in] -> [rows, out]`; the caller's next operation adds the bias.
inline at::Tensor product(const at::Tensor& x, const Parameter& weight) {
  return at::linear(x, weight.value);
}

/// x W^T + b. The bias is fp32 and takes the format of x.
inline at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::linear(x, weight, bias.to(x.scalar_type()));
}

inline at::Tensor linear(const at::Tensor& x, const Linear& layer) {
  return linear(x, layer.weight->value, layer.bias->value);
}

}  // namespace tagformer
