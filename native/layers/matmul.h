// Matrix products of row-major tensors over the CPU kernels, `[rows, width]`, in fp32 or bf16.
//
// Every element is one sum in one order: it depends neither on the number of threads nor on the other rows.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "weights/packed_matrix.h"

namespace tagformer {

/// How long a packed matrix is kept: its memory is reused by the next, or is the model's
/// (runtime/page_memory.h).
enum class Lifetime { kCall, kModel };

/// The transpose of `weight`, `[columns, depth]`.
PackedMatrix pack_transposed(const at::Tensor& weight, Lifetime lifetime = Lifetime::kCall);

/// `x` itself, `[depth, columns]`.
PackedMatrix pack(const at::Tensor& x);

/// The transpose of `weight`, each column rounded to bytes, to be kept by a model.
PackedMatrix pack_bytes(const at::Tensor& weight);

/// The transpose of a weight like `weight`, `[columns, depth]`, whose rows come from `rows`: in the format of
/// `weight` or in bytes, to be kept by a model. Throws what `rows` throws.
PackedMatrix pack_from(const RowSource& rows, const at::Tensor& weight, bool bytes);

/// The weight `[columns, depth]` of this format that pack_transposed() packed, exactly.
at::Tensor unpacked(const PackedMatrix& packed, at::ScalarType format);

/// x right + bias, `[rows, depth] -> [rows, columns]`; the bias is fp32. The rows of x are rounded to bytes
/// where the right side holds bytes.
at::Tensor multiply(const at::Tensor& x, const PackedMatrix& right, const std::optional<at::Tensor>& bias);

/// The columns `begin` up to `end` of `x right`, with their bias.
at::Tensor multiply_part(const at::Tensor& x, const PackedMatrix& right, std::int64_t begin, std::int64_t end,
                         const std::optional<at::Tensor>& bias);

/// x^T right, with x `[depth, rows]`.
at::Tensor multiply_transposed(const at::Tensor& x, const PackedMatrix& right);

}  // namespace tagformer
