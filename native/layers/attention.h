// Multi-head attention over ragged sequences.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/cpu/kernels.h"

namespace tagformer {

/// Row boundaries of the sequences of a batch, `[sequences + 1]`, the first 0.
using Offsets = std::shared_ptr<const std::vector<std::int32_t>>;

struct AttentionOptions {
  std::int64_t heads;
  std::int64_t head_dim;
  /// Factor on the scores, usually 1 / sqrt(head_dim).
  double scale;
  cpu::Dropout dropout;
};

/// softmax(q k^T * scale) v for each head and sequence.
/// `qkv` is `[total, 3 * heads * head_dim]`: query, key and value side by side. Returns `[total, heads *
/// head_dim]`.
at::Tensor attention(const at::Tensor& qkv, const Offsets& offsets, const AttentionOptions& options);

/// The same for one query a sequence: `q` is `[sequences, heads * head_dim]`, `kv` is `[total, 2 * heads *
/// head_dim]`. Returns `[sequences, heads * head_dim]`.
at::Tensor attention_of_one(const at::Tensor& q, const at::Tensor& kv, const Offsets& offsets,
                            const AttentionOptions& options);

}  // namespace tagformer
