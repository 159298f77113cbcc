// Rotary positions: queries and keys turned by angles that grow with their position.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/cpu/kernels.h"
#include "layers/sequences.h"

namespace tagformer {

/// The angles of one kind of layer over a batch, or nothing: then positions turn nothing.
class Rotary {
 public:
  Rotary() = default;
  /// Element pair j of a head turns by position / (theta^(2 j / head_dim) * factor) (Su et al. 2021).
  /// `head_dim` is even.
  Rotary(const Sequences& sequences, std::int64_t head_dim, double theta, double factor);

  /// For the CPU kernels.
  [[nodiscard]] cpu::RotaryTable table() const;
  /// In libtorch's operations: `[texts, heads, length, head_dim]`, turned.
  [[nodiscard]] at::Tensor rotate(const at::Tensor& x) const;
  /// The same of a packed batch: `[total, heads, head_dim]`, and the position of each row.
  [[nodiscard]] at::Tensor rotate_rows(const at::Tensor& x, const at::Tensor& positions) const;

 private:
  /// `[longest, head_dim / 2]`, fp32; undefined where there is no rotation.
  at::Tensor cosines_, sines_;
};

}  // namespace tagformer
