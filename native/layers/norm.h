// LayerNorm after a residual connection, and dropout by itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "kernels/cpu/kernels.h"

namespace tagformer {

struct NormOptions {
  double epsilon;
  cpu::Dropout dropout;
};

/// LayerNorm(residual + dropout(x + bias)) over the last dimension, `[rows, width]`.
/// `bias` `[width]` and `residual` `[rows, width]` are optional. gamma, beta and bias are fp32.
at::Tensor residual_norm(const at::Tensor& x, const std::optional<at::Tensor>& bias,
                         const std::optional<at::Tensor>& residual, const at::Tensor& gamma,
                         const at::Tensor& beta, const NormOptions& options);

/// dropout(x), `[rows, width]`; `x` itself when nothing is dropped.
at::Tensor dropout(const at::Tensor& x, const cpu::Dropout& dropout);

}  // namespace tagformer
