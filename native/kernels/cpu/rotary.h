// Rotary positions (Su et al., "RoFormer", 2021): rows turned by angles that grow with their position, so
// that the product of a query and a key depends on the distance between them.
#pragma once

#include "kernels/cpu/vector.h"

namespace tagformer::cpu::TAGFORMER_ISA {

/// Gradients are turned back: the transpose of a rotation is its inverse.
enum class Turn { kForwards, kBackwards };

/// Turns `rows` rows of head_dim, the first of which has the position `first`; rows are `stride` apart. Does
/// nothing without a table.
TAGFORMER_INLINE void rotate(const RotaryTable& table, Turn turn, std::int64_t first, std::int64_t rows,
                             std::int64_t head_dim, float* x, std::int64_t stride) {
  if (table.cosines == nullptr) return;
  const std::int64_t half = head_dim / 2;
  const float sign = turn == Turn::kForwards ? 1.0F : -1.0F;
  for (std::int64_t i = 0; i < rows; ++i) {
    const float* const cosines = table.cosines + (first + i) * half;
    const float* const sines = table.sines + (first + i) * half;
    float* const row = x + i * stride;
    for (std::int64_t j = 0; j < half; j += kLanes) {
      const std::int64_t left = lanes_left(j, half);
      const Floats cosine = load(cosines + j, left);
      const Floats sine = load(sines + j, left) * sign;
      const Floats a = load(row + j, left);
      const Floats b = load(row + half + j, left);
      store(row + j, a * cosine - b * sine, left);
      store(row + half + j, b * cosine + a * sine, left);
    }
  }
}

}  // namespace tagformer::cpu::TAGFORMER_ISA
