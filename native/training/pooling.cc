#include "training/pooling.h"

#include <ATen/ops/scatter_reduce.h>
#include <ATen/ops/zeros.h>

namespace tagformer {

at::Tensor pool_windows(const at::Tensor& logits, const at::Tensor& text_of_windows, std::int64_t texts,
                        Pooling pooling) {
  return at::scatter_reduce(at::zeros({texts, logits.size(1)}, logits.options()), 0,
                            text_of_windows.expand_as(logits), logits,
                            pooling == Pooling::kMax ? "amax" : "mean",
                            /*include_self=*/false);
}

}  // namespace tagformer
