// A batch as it arrives from JavaScript, and as a model computes with it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "models/model.h"

namespace tagformer {

/// A ragged batch as it arrives: ids and types `[total]`, offsets `[rows + 1]`, labels `[texts * labels]`.
struct HostBatch {
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
std::int64_t count_texts(const HostBatch& data);

/// Throws INVALID_DATA unless there is a label value for each of `labels` and text, and a weight for each
/// text or none.
void check_labels(const HostBatch& data, std::int64_t labels);

/// Number of labelled (not NaN) values.
std::int64_t count_labelled(const HostBatch& data);

/// A checked batch as tensors. What the loss needs is defined when training asks for it.
struct DeviceBatch {
  Batch batch;
  /// `[texts, labels]` and `[texts]`, fp32; weights are undefined where all are 1.
  at::Tensor labels, weights;
  /// The text of each window, `[windows, 1]`, int64; undefined where each text has one row.
  at::Tensor text_of_windows;
  /// `[]`, fp32: what the loss is divided by.
  at::Tensor labelled_count;

  /// All tensors, in an order that replaced() knows; undefined where there are none.
  [[nodiscard]] std::vector<at::Tensor> tensors() const;
  /// The same batch with other tensors.
  [[nodiscard]] DeviceBatch replaced(const std::vector<at::Tensor>& tensors) const;
};

/// Checks a batch and makes it ragged tensors on the CPU. `labelled_count` is what mean_loss() divides by;
/// without it there are no labels. Throws INVALID_DATA.
DeviceBatch ragged_batch(const HostBatch& data, const Limits& limits, std::int64_t labels,
                         std::optional<std::int64_t> labelled_count);

/// The same batch on a device, sent by one copy.
DeviceBatch on_device(const DeviceBatch& batch, c10::Device device);

}  // namespace tagformer
