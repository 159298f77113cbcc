// Activation functions by Hugging Face's names.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace tagformer {

/// activation(x + bias), `[rows, width]`, fp32 bias; differentiable.
using Activation = at::Tensor (*)(const at::Tensor& x, const at::Tensor& bias);

/// The activation that config.json calls `name`, such as "gelu"; null when it is not known.
Activation find_activation(const std::string& name);

/// All names that find_activation knows, for error messages.
std::vector<std::string> activation_names();

}  // namespace tagformer
