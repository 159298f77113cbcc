// Multi-head attention.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "kernels/cpu/kernels.h"
#include "layers/rotary.h"
#include "layers/sequences.h"

namespace tagformer {

struct AttentionOptions {
  std::int64_t heads;
  std::int64_t head_dim;
  /// Factor on the scores, usually 1 / sqrt(head_dim).
  double scale;
  cpu::Dropout dropout;
  /// Largest distance of a token that another attends to.
  std::int64_t window = cpu::kEverywhere;
  Rotary rotary = {};  // NOLINT(readability-redundant-member-init): for initialisers that leave it out
};

/// softmax(q k^T * scale) v for each head and text.
/// `qkv` is `[tokens, 3 * heads * head_dim]`: query, key and value side by side; see Sequences for `tokens`.
/// Returns `[tokens, heads * head_dim]`.
at::Tensor attention(const at::Tensor& qkv, const Sequences& sequences, const AttentionOptions& options);

/// The same for one query a text, its first token: `q` is `[texts, heads * head_dim]`, `kv` is `[tokens, 2 *
/// heads * head_dim]`. Returns `[texts, heads * head_dim]`.
at::Tensor attention_of_one(const at::Tensor& q, const at::Tensor& kv, const Sequences& sequences,
                            const AttentionOptions& options);

}  // namespace tagformer
