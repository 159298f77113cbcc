// The right operand of matrix products as the CPU kernels read it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "kernels/cpu/kernels.h"

namespace tagformer {

/// Where the numbers of a matrix come from that is nowhere in memory.
class RowSource {
 public:
  RowSource() = default;
  virtual ~RowSource() = default;
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;
  /// Writes the rows [first, first + count). May be called by several threads at once.
  virtual void read(std::int64_t first, std::int64_t count, float* to) const = 0;
  /// The same, rounded.
  virtual void read(std::int64_t first, std::int64_t count, cpu::bf16* to) const = 0;
};

/// `[depth, columns]`, packed in the format of the left operand, or rounded to bytes (see cpu::ByteProduct).
struct PackedMatrix {
  /// int32, `[panels, units, panel_columns]`.
  at::Tensor units;
  std::int64_t depth = 0;
  std::int64_t columns = 0;
  /// Of bytes: each column's scale, fp32, and correction, int32; undefined otherwise.
  at::Tensor scales, corrections;

  [[nodiscard]] bool defined() const { return units.defined(); }
  [[nodiscard]] bool holds_bytes() const { return scales.defined(); }
};

}  // namespace tagformer
