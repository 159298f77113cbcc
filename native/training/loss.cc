#include "training/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/log1p.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/nan_to_num.h>
#include <ATen/ops/sigmoid.h>

#include <algorithm>
#include <optional>

namespace tagformer {
namespace {

/// base^exponent for bases from 0 to 1. Below an exponent of 1 its slope at 0 is infinite, and would be
/// multiplied with 0 to NaN: bases begin at 1e-8.
at::Tensor focus(const at::Tensor& base, double exponent) { return base.clamp_min(1e-8).pow(exponent); }

at::Tensor positive_term(const LossOptions& options, const at::Tensor& logits) {
  const at::Tensor loss = at::log_sigmoid(logits).neg();
  return options.positive_focus == 0.0 ? loss : loss * focus(at::sigmoid(-logits), options.positive_focus);
}

at::Tensor negative_term(const LossOptions& options, const at::Tensor& logits) {
  const at::Tensor q = (at::sigmoid(logits) - options.margin).clamp_min(0.0);
  // Without a margin q may round to 1, whose logarithm the logit still knows.
  const at::Tensor loss = options.margin == 0.0 ? at::log_sigmoid(-logits).neg() : at::log1p(-q).neg();
  return options.negative_focus == 0.0 ? loss : loss * focus(q, options.negative_focus);
}

bool is_cross_entropy(const LossOptions& options) {
  return options.positive_focus == 0.0 && options.negative_focus == 0.0 && options.margin == 0.0 &&
         options.negative_weight == 1.0;
}

/// The losses of all elements, each times its weight, summed.
at::Tensor weighted_sum(const LossOptions& options, const at::Tensor& positive, const at::Tensor& logits,
                        const at::Tensor& labels, const at::Tensor& weights) {
  if (is_cross_entropy(options)) {
    const auto factors = positive.defined() ? std::optional(positive) : std::nullopt;
    return at::binary_cross_entropy_with_logits(logits, labels, weights, factors, at::Reduction::Sum);
  }
  const at::Tensor set = positive.defined() ? labels * positive : labels;
  const at::Tensor losses = set * positive_term(options, logits) +
                            (1.0 - labels) * negative_term(options, logits) * options.negative_weight;
  return (losses * weights).sum();
}

/// `[rows, labels]`: what an element counts, 0 where it is not labelled.
at::Tensor weights_of_elements(const at::Tensor& labels, const at::Tensor& weights) {
  const at::Tensor labelled = at::isnan(labels).logical_not().to(at::kFloat);
  return weights.defined() ? labelled * weights.unsqueeze(1) : labelled;
}

}  // namespace

at::Tensor positive_weights(const LossOptions& options, c10::Device device) {
  const std::vector<float>& given = options.positive_weights;
  if (given.empty()) return {};
  const at::Tensor weights = at::empty({static_cast<std::int64_t>(given.size())}, at::kFloat);
  std::ranges::copy(given, weights.data_ptr<float>());
  return weights.to(device);
}

at::Tensor mean_loss(const LossOptions& options, const at::Tensor& positive, const at::Tensor& logits,
                     const at::Tensor& labels, const at::Tensor& weights, const at::Tensor& labelled_count) {
  at::Tensor targets = at::nan_to_num(labels);
  if (options.smoothing > 0.0) targets = targets * (1.0 - options.smoothing) + options.smoothing / 2.0;
  return weighted_sum(options, positive, logits, targets, weights_of_elements(labels, weights))
      .div(labelled_count);
}

at::Tensor divergence(const at::Tensor& logits, const at::Tensor& others, const at::Tensor& labels,
                      const at::Tensor& weights, const at::Tensor& labelled_count) {
  const at::Tensor elements = (at::sigmoid(logits) - at::sigmoid(others)) * (logits - others);
  return (elements * weights_of_elements(labels, weights)).sum().div(labelled_count).mul(0.5);
}

}  // namespace tagformer
