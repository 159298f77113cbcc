#include "training/pooling.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/scatter_reduce.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace tagformer {

at::Tensor text_of_windows(const std::vector<std::int32_t>& texts) {
  at::Tensor text_of = at::empty({texts.back(), 1}, at::kLong);
  auto* const text = text_of.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i + 1 < texts.size(); ++i) {
    std::fill(text + texts[i], text + texts[i + 1], static_cast<std::int64_t>(i));
  }
  return text_of;
}

at::Tensor pool_windows(const at::Tensor& logits, const at::Tensor& text_of_windows, std::int64_t texts,
                        Pooling pooling) {
  return at::scatter_reduce(at::zeros({texts, logits.size(1)}, logits.options()), 0,
                            text_of_windows.expand_as(logits), logits,
                            pooling == Pooling::kMax ? "amax" : "mean",
                            /*include_self=*/false);
}

}  // namespace tagformer
