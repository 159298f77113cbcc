// Linear layers over the model's parameters; `rows` is one dimension, or two of a dense batch.
#pragma once

#include <ATen/core/Tensor.h>

#include "weights/declare.h"

namespace tagformer {

/// x W^T, `[rows, in] -> [rows, out]`; the caller's next operation adds the bias. Differentiable, like all of
/// these.
at::Tensor product(const at::Tensor& x, const at::Tensor& weight);
at::Tensor product(const at::Tensor& x, const Parameter& weight);

/// x W^T + b. The bias is fp32 and takes the format of x.
at::Tensor linear(const at::Tensor& x, const Linear& layer);

/// The outputs `begin` up to `end` of a layer.
at::Tensor linear_part(const at::Tensor& x, const Linear& layer, std::int64_t begin, std::int64_t end);

}  // namespace tagformer
