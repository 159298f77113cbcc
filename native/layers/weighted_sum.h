// The second half of attention over a dense batch, in libtorch's operations.
#pragma once

#include <ATen/core/Tensor.h>

#include "layers/attention.h"

namespace tagformer {

/// softmax(scores * scale) values, without the keys that are padding. `scores` is
/// `[texts, heads, queries, length]`, `values` is `[texts, heads, length, head_dim]`. Returns
/// `[texts, queries, heads * head_dim]`.
at::Tensor aten_weighted_sum(const at::Tensor& scores, const at::Tensor& values, const Sequences& sequences,
                             const AttentionOptions& options);

}  // namespace tagformer
