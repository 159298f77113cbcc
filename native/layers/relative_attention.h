// XLNet's multi-head attention.
#pragma once

#include <ATen/core/Tensor.h>

#include "layers/attention.h"

namespace tagformer {

/// The tensors of one layer besides query, key and value. Biases and segments are fp32.
struct RelativeTerms {
  /// Encodings of Sequences::distances(), `[2 * longest - 1, heads * head_dim]`.
  at::Tensor positions;
  /// `[heads, head_dim]` each.
  at::Tensor content_bias, position_bias, segment_bias;
  /// `[2, heads, head_dim]`: for tokens of the same segment, and of different ones.
  at::Tensor segments;
};

/// softmax(((q + content_bias) . k + (q + position_bias) . positions[i - j] + (q + segment_bias) . segments)
/// * scale) v for each head and text. `q` is `[queries, heads * head_dim]`: all tokens, or the last of each
/// text. `kv` is `[tokens, 2 * heads * head_dim]`. `types` `[tokens]`, int64, holds segment ids; undefined
/// when there is only one. Returns `[queries, heads * head_dim]`.
at::Tensor relative_attention(const at::Tensor& q, const at::Tensor& kv, const RelativeTerms& terms,
                              const at::Tensor& types, const Sequences& sequences,
                              const AttentionOptions& options);

}  // namespace tagformer
