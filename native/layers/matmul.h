// Matrix products of row-major tensors over the CPU kernels, `[rows, width]`, in fp32 or bf16.
//
// Every element is one sum in one order: it depends neither on the number of threads nor on the other rows.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace tagformer {

/// The right operand of products, packed for the kernels.
struct PackedMatrix {
  /// int32, `[panels, units, panel_columns]`.
  at::Tensor units;
  std::int64_t depth, columns;

  [[nodiscard]] bool defined() const { return units.defined(); }
};

/// The transpose of `weight`, `[columns, depth]`.
PackedMatrix pack_transposed(const at::Tensor& weight);

/// `x` itself, `[depth, columns]`.
PackedMatrix pack(const at::Tensor& x);

/// x right + bias, `[rows, depth] -> [rows, columns]`; the bias is fp32.
at::Tensor multiply(const at::Tensor& x, const PackedMatrix& right, const std::optional<at::Tensor>& bias);

/// x^T right, with x `[depth, rows]`.
at::Tensor multiply_transposed(const at::Tensor& x, const PackedMatrix& right);

}  // namespace tagformer
