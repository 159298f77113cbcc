// Activation functions by Hugging Face's names.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

namespace tagformer {

/// activation(x + bias), `[rows, width]`, fp32 bias; differentiable. In a prediction, an `x` that is handed
/// over (a temporary, or moved) is written to: it may be no view.
using Activation = at::Tensor (*)(at::Tensor x, const at::Tensor& bias);

/// activation(a + bias of a) * (b + bias of b), where a is the first half of each row of `x` `[rows, 2 *
/// width]` and b the second (Shazeer, "GLU variants improve transformer", 2020). The bias `[2 * width]` is
/// optional. Returns `[rows, width]`; differentiable.
at::Tensor gated(const at::Tensor& x, const std::optional<at::Tensor>& bias, Activation activation);

/// The activation that config.json calls `name`, such as "gelu"; null when it is not known.
Activation find_activation(const std::string& name);

/// All names that find_activation knows, for error messages.
std::vector<std::string> activation_names();

}  // namespace tagformer
