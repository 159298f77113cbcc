// Convolution along the tokens of each text.
#pragma once

#include <ATen/core/Tensor.h>

#include "layers/sequences.h"

namespace tagformer {

/// `[tokens, in] -> [tokens, out]`, zeros standing before and after each text. `weight` is
/// `[out, in / groups, taps]` with an odd number of taps, `bias` `[out]` in fp32. Differentiable.
at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       std::int64_t groups, const Sequences& sequences);

}  // namespace tagformer
