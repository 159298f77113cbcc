// Lets a running pass be stopped between two layers, in either direction.
#pragma once

#include <ATen/core/Tensor.h>

#include "runtime/mode.h"

namespace tagformer {

/// Throws Stopped when the mode's stop flag is set, now or when the gradient of `x` comes by in the backward pass.
inline void watch(const at::Tensor& x, const Mode& mode) {
  mode.check_stop();
  if (mode.stop == nullptr || !x.requires_grad()) return;
  x.register_hook([stop = mode.stop](const at::Tensor&) {
    if (stop->load(std::memory_order_relaxed)) throw Stopped();
  });
}

}  // namespace tagformer
