// A batch as it arrives, and as a model computes with it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "models/model.h"

namespace tagformer {

/// A ragged batch as it arrives: ids and types `[total]`, offsets `[rows + 1]`, labels `[texts * labels]`.
struct BatchData {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> offsets;
  /// Empty when all segment ids are zero.
  std::vector<std::int32_t> types;
  /// Empty for prediction; NaN where not labelled.
  std::vector<float> labels;
  /// Where each text's rows begin, `[texts + 1]`, when long texts were cut into windows; empty: a row a text.
  std::vector<std::int32_t> texts;
  /// Weight of each text in the loss, `[texts]`; empty: all 1.
  std::vector<float> weights;
};

/// Number of texts, each of which has a row of labels.
std::int64_t count_texts(const BatchData& data);

/// Throws INVALID_DATA unless there is a label value for each of `labels` and text, and a weight for each
/// text or none.
void check_labels(const BatchData& data, std::int64_t labels);

/// A batch that was checked. What the loss needs is there when training asks for it.
struct Examples {
  Batch batch;
  /// As mean_loss() and pool_windows() take them; undefined where there are none.
  at::Tensor labels, weights, text_of_windows, labelled;

  /// All tensors, in an order that replaced() knows; undefined where there are none.
  [[nodiscard]] std::vector<at::Tensor> tensors() const;
  /// The same examples with other tensors.
  [[nodiscard]] Examples replaced(const std::vector<at::Tensor>& tensors) const;
};

/// Checks a batch and makes it ragged tensors on the CPU. `labelled` is what mean_loss() divides by; without
/// it there are no labels. Throws INVALID_DATA.
Examples examples_of(const BatchData& data, const Limits& limits, std::int64_t labels,
                     std::optional<std::int64_t> labelled);

/// The same examples on a device, sent by one copy.
Examples on_device(const Examples& examples, c10::Device device);

}  // namespace tagformer
