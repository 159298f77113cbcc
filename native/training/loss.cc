#include "training/loss.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/nan_to_num.h>

namespace tagformer {

std::int64_t count_labelled(const at::Tensor& labels) {
  return labels.numel() - at::isnan(labels).sum().item<std::int64_t>();
}

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, std::int64_t labelled) {
  const at::Tensor weight = at::isnan(labels).logical_not().to(at::kFloat);
  const at::Tensor total =
      at::binary_cross_entropy_with_logits(logits, at::nan_to_num(labels), weight, {}, at::Reduction::Sum);
  return total.div(static_cast<double>(labelled));
}

}  // namespace tagformer
