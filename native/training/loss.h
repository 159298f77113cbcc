// Binary cross-entropy with logits, with unlabelled elements left out.
#pragma once

#include <ATen/core/Tensor.h>

namespace tagformer {

/// Number of labelled (not NaN) elements of `labels`.
std::int64_t count_labelled(const at::Tensor& labels);

/// Sum over labelled elements of the cross-entropy of sigmoid(logits) against `labels`, divided by
/// `labelled`. Both are `[rows, labels]` in fp32. `labelled` may span several micro-batches, so that their
/// losses add up to the mean of the whole step.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, std::int64_t labelled);

}  // namespace tagformer
