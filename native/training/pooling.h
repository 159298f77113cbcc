// One row of logits for a text that was cut into several windows.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace tagformer {

/// How the logits of a text's windows become the text's, label by label.
enum class Pooling { kMax, kMean };

/// `[windows, labels] -> [texts, labels]`; `text_of_windows` is that of a DeviceBatch. It is logits that are
/// pooled: the largest is the largest probability too, and cross-entropy needs logits to be exact. Equal
/// largest ones share the gradient.
at::Tensor pool_windows(const at::Tensor& logits, const at::Tensor& text_of_windows, std::int64_t texts,
                        Pooling pooling);

}  // namespace tagformer
