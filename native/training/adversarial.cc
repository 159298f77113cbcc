#include "training/adversarial.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_unique.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/zeros.h>

namespace tagformer {
namespace {

/// A gradient scaled to `distance`; zeros remain zeros.
at::Tensor scaled(const at::Tensor& gradient, double distance) {
  return gradient * (distance / gradient.norm().clamp_min(1e-30));
}

/// From the gradients of single tokens, `[tokens, width]`.
at::Tensor move_of_tokens(const at::Tensor& ids, const at::Tensor& gradient, const WordTable& words,
                          double distance) {
  const auto [rows, row_of_token] = at::_unique(ids, /*sorted=*/true, /*return_inverse=*/true);
  const at::Tensor sums = at::zeros({rows.size(0), gradient.size(1)}, gradient.options());
  sums.index_add_(0, row_of_token, gradient);
  if (words.padding_id >= 0) sums.masked_fill_((rows == words.padding_id).unsqueeze(1), 0.0);
  return scaled(sums, distance).index_select(0, row_of_token);
}

}  // namespace

at::Tensor worst_move(const Batch& batch, const WordTable& words, double distance) {
  const at::NoGradGuard no_gradients;
  if (batch.words.defined()) {
    const at::Tensor& gradient = batch.words.grad();
    return gradient.defined() ? move_of_tokens(batch.ids, gradient.to(at::kFloat), words, distance)
                              : at::Tensor();
  }
  const at::Tensor& gradient = words.table->value.grad();
  if (!gradient.defined()) return {};
  return at::embedding(scaled(gradient.to(at::kFloat), distance), batch.ids);
}

}  // namespace tagformer
