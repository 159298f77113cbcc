// The losses of multi-label training: one family, of which cross-entropy, focal and asymmetric loss are
// members.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace tagformer {

/// The loss of an element with probability p = sigmoid(logit), label y and q = max(p - margin, 0):
///
///   positive_weight * y * (1 - p)^positive_focus * -log(p)
///   + negative_weight * (1 - y) * q^negative_focus * -log(1 - q)
///
/// With both exponents and the margin 0 it is weighted cross-entropy; with equal exponents focal loss (Lin et
/// al. 2017); with different ones and a margin asymmetric loss (Ridnik et al. 2021). A soft label mixes both
/// terms.
struct LossOptions {
  double positive_focus = 0.0;
  double negative_focus = 0.0;
  double margin = 0.0;
  double negative_weight = 1.0;
  /// Share of every label that is replaced by 1/2.
  double smoothing = 0.0;
  /// One for each label; empty: all 1.
  std::vector<float> positive_weights;
  /// R-Drop (Liang et al. 2021): every batch is computed with two drawings of dropout. Their losses are
  /// averaged, and divergence() times this is added.
  double r_drop = 0.0;
};

/// The positive weights, `[labels]`, on a device; undefined when all are 1.
at::Tensor positive_weights(const LossOptions& options, c10::Device device);

/// Sum over the labelled elements, each times its row's weight, divided by `labelled_count` (`[]`, fp32).
/// `logits` and `labels` are `[rows, labels]` in fp32, `weights` is `[rows]` or undefined, `positive` is
/// positive_weights(). `labelled_count` may span several micro-batches, so that their losses add up to the
/// mean of the whole step.
at::Tensor mean_loss(const LossOptions& options, const at::Tensor& positive, const at::Tensor& logits,
                     const at::Tensor& labels, const at::Tensor& weights, const at::Tensor& labelled_count);

/// How far two logits of the same elements disagree: half the sum of both Kullback-Leibler divergences of
/// their probabilities, which for p and q is (p - q) * (logit p - logit q) / 2. Summed and divided as
/// mean_loss() does.
at::Tensor divergence(const at::Tensor& logits, const at::Tensor& others, const at::Tensor& labels,
                      const at::Tensor& weights, const at::Tensor& labelled_count);

}  // namespace tagformer
