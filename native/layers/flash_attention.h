// Attention over ragged batches on a GPU, by libtorch's flash kernels of variable length.
#pragma once

#include "layers/attention.h"

namespace tagformer {

/// Whether the libtorch in use has the operator for `device`, and its declaration is one that was read: it is
/// private, and changes. See docs/cuda.md.
bool has_flash_attention(c10::DeviceType device);

/// Head widths that the kernels take.
bool fits_flash_attention(std::int64_t head_dim);

/// attention() and attention_of_one() of a packed batch. Differentiable, by libtorch's own derivative.
at::Tensor flash_attention(const at::Tensor& qkv, const Sequences& sequences,
                           const AttentionOptions& options);
at::Tensor flash_attention_of_one(const at::Tensor& q, const at::Tensor& kv, const Sequences& sequences,
                                  const AttentionOptions& options);

}  // namespace tagformer
