// How one forward pass runs: everything that would otherwise be hidden state.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/cpu/kernels.h"

namespace tagformer {

struct Mode {
  /// True in a training step: dropout is drawn, and tensors are kept for the backward pass.
  bool training = false;
  std::uint64_t seed = 0;
  /// Optimizer step and micro-batch within it: with the seed they name the random numbers of this pass.
  std::uint32_t step = 0;
  std::uint32_t micro_batch = 0;

  /// The dropout of one place in the network, `site`, which no other place of the model uses.
  [[nodiscard]] cpu::Dropout dropout(double rate, std::uint32_t site) const {
    cpu::Dropout result;
    if (!training || rate <= 0.0) return result;
    result.key[0] = static_cast<std::uint32_t>(seed);
    result.key[1] = static_cast<std::uint32_t>(seed >> 32);
    result.key[2] = step;
    result.key[3] = (micro_batch << 16) ^ site;
    result.threshold = static_cast<std::uint32_t>(std::lround(rate * 65536.0));
    // From the rounded threshold, so that the mean is kept exactly.
    result.scale = static_cast<float>(65536.0 / (65536.0 - result.threshold));
    return result;
  }
};

}  // namespace tagformer
