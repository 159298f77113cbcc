// Small matrix products in cache, for attention: the operands fit in L2 and need no packing of the left one.
#pragma once

#include "kernels/cpu/vector.h"

namespace tagformer::cpu::TAGFORMER_ISA {

/// Left operand: element (i, p) is at data[i * row + p * column].
struct Left {
  const float* data;
  std::int64_t row, column;
};

template <int kRows, int kColumns>
TAGFORMER_INLINE void product_tile(std::int64_t depth, Left a, const float* b, std::int64_t b_stride,
                                   float* c, std::int64_t c_stride, bool add) {
  Floats sums[kRows][kColumns] = {};
  for (std::int64_t p = 0; p < depth; ++p) {
    Floats right[kColumns];
    for (int j = 0; j < kColumns; ++j) right[j] = load(b + p * b_stride + j * kLanes);
    for (int i = 0; i < kRows; ++i) {
      const Floats left = broadcast(a.data[i * a.row + p * a.column]);
      for (int j = 0; j < kColumns; ++j) sums[i][j] += left * right[j];
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kColumns; ++j) {
      float* const at = c + i * c_stride + j * kLanes;
      store(at, add ? load(at) + sums[i][j] : sums[i][j]);
    }
  }
}

template <int kColumns>
TAGFORMER_INLINE void product_columns(std::int64_t rows, std::int64_t depth, Left a, const float* b,
                                      std::int64_t b_stride, float* c, std::int64_t c_stride, bool add) {
  // As many rows as the registers hold accumulators.
  constexpr int kRows = kRegisters == 32 ? 8 : 4;
  std::int64_t i = 0;
  for (; i + kRows <= rows; i += kRows) {
    product_tile<kRows, kColumns>(depth, {a.data + i * a.row, a.row, a.column}, b, b_stride, c + i * c_stride,
                                  c_stride, add);
  }
  for (; i < rows; ++i) {
    product_tile<1, kColumns>(depth, {a.data + i * a.row, a.row, a.column}, b, b_stride, c + i * c_stride,
                              c_stride, add);
  }
}

/// c [rows, columns] (+)= a [rows, depth] x b [depth, columns]; `columns` is a multiple of kLanes.
TAGFORMER_INLINE void product(std::int64_t rows, std::int64_t columns, std::int64_t depth, Left a,
                              const float* b, std::int64_t b_stride, float* c, std::int64_t c_stride,
                              bool add) {
  std::int64_t j = 0;
  for (; j + 2 * kLanes <= columns; j += 2 * kLanes) {
    product_columns<2>(rows, depth, a, b + j, b_stride, c + j, c_stride, add);
  }
  if (j < columns) product_columns<1>(rows, depth, a, b + j, b_stride, c + j, c_stride, add);
}

}  // namespace tagformer::cpu::TAGFORMER_ISA
