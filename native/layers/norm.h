// LayerNorm after a residual connection, and dropout by itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "kernels/cpu/kernels.h"
#include "weights/declare.h"

namespace tagformer {

struct NormOptions {
  double epsilon;
  cpu::Dropout dropout;
};

/// LayerNorm(residual + dropout(x + bias)) over the last dimension, `[rows, width]`.
/// `bias` `[width]`, `residual` `[rows, width]` and beta are optional. gamma, beta and bias are fp32.
at::Tensor residual_norm(const at::Tensor& x, const std::optional<at::Tensor>& bias,
                         const std::optional<at::Tensor>& residual, const at::Tensor& gamma,
                         const std::optional<at::Tensor>& beta, const NormOptions& options);

/// LayerNorm(x), `[rows, width]`.
at::Tensor norm(const at::Tensor& x, const Norm& parameters, double epsilon);

/// dropout(x), `[rows, width]`; `x` itself when nothing is dropped.
at::Tensor dropout(const at::Tensor& x, const cpu::Dropout& dropout);

}  // namespace tagformer
