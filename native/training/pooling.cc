#include "training/pooling.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/scatter_reduce.h>
#include <ATen/ops/zeros.h>

namespace tagformer {

at::Tensor pool_windows(const at::Tensor& logits, const std::vector<std::int32_t>& texts, Pooling pooling) {
  const at::Tensor text_of = at::empty({logits.size(0), 1}, at::kLong);
  auto* const text = text_of.data_ptr<std::int64_t>();
  const auto count = static_cast<std::int64_t>(texts.size()) - 1;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto begin = texts[static_cast<std::size_t>(i)];
    const auto end = texts[static_cast<std::size_t>(i) + 1];
    for (std::int32_t window = begin; window < end; ++window) text[window] = i;
  }
  return at::scatter_reduce(at::zeros({count, logits.size(1)}, logits.options()), 0,
                            text_of.expand_as(logits), logits, pooling == Pooling::kMax ? "amax" : "mean",
                            /*include_self=*/false);
}

}  // namespace tagformer
