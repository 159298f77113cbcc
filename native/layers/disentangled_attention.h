// DeBERTa's multi-head attention.
#pragma once

#include <ATen/core/Tensor.h>

#include "layers/attention.h"

namespace tagformer {

/// What the distance between two tokens adds to their score.
struct DisentangledTerms {
  /// `[buckets, heads * head_dim]` each; undefined where the model has no such term.
  at::Tensor position_keys, position_queries;
  /// `[2 * longest - 1]`, int64: the row of the two tables that belongs to each of Sequences::distances().
  /// Over a ragged batch each is the one before it or one more.
  at::Tensor buckets;
};

/// softmax((q . k + q . position_keys[i - j] + k . position_queries[i - j]) * scale) v for each head and
/// text, with query i and key j. `q` is `[queries, heads * head_dim]`: all tokens, or the first of each text.
/// `kv` is `[tokens, 2 * heads * head_dim]`. Returns `[queries, heads * head_dim]`.
at::Tensor disentangled_attention(const at::Tensor& q, const at::Tensor& kv, const DisentangledTerms& terms,
                                  const Sequences& sequences, const AttentionOptions& options);

}  // namespace tagformer
