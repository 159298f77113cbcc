// One row of logits for a text that was cut into several windows.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace tagformer {

/// How the logits of a text's windows become the text's, label by label.
enum class Pooling { kMax, kMean };

/// `[windows, labels] -> [texts, labels]`. Text i has the windows from `texts[i]` up to `texts[i + 1]`. It is
/// logits that are pooled: the largest is the largest probability too, and cross-entropy needs logits to be
/// exact. Equal largest ones share the gradient.
at::Tensor pool_windows(const at::Tensor& logits, const std::vector<std::int32_t>& texts, Pooling pooling);

}  // namespace tagformer
