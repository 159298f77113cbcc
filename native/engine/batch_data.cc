#include "engine/batch_data.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "runtime/error.h"
#include "runtime/upload.h"

namespace tagformer {
namespace {

at::Tensor to_float(const std::vector<float>& values) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kFloat);
  std::ranges::copy(values, tensor.data_ptr<float>());
  return tensor;
}

at::Tensor to_long(const std::vector<std::int32_t>& values) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kLong);
  std::ranges::copy(values, tensor.data_ptr<std::int64_t>());
  return tensor;
}

void check_range(const std::vector<std::int32_t>& values, std::int64_t end, const char* what,
                 const char* of) {
  for (const std::int32_t value : values) {
    if (value < 0 || value >= end) {
      throw Error("INVALID_DATA", std::string(what) + " " + std::to_string(value) +
                                      " is outside the model's " + of + ", 0 to " + std::to_string(end - 1) +
                                      ": do tokenizer and model belong together?");
    }
  }
}

void check_offsets(const std::vector<std::int32_t>& offsets, std::size_t total, std::int64_t max_length) {
  if (offsets.size() < 2 || offsets.front() != 0 || std::cmp_not_equal(offsets.back(), total)) {
    throw Error("INVALID_DATA", "offsets must begin with 0 and end with the number of token ids");
  }
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    const std::int64_t length = std::int64_t{offsets[i]} - offsets[i - 1];
    if (length < 1 || length > max_length) {
      throw Error("INVALID_DATA", "row " + std::to_string(i - 1) + " has " + std::to_string(length) +
                                      " tokens; the model takes 1 to " + std::to_string(max_length));
    }
  }
}

void check_texts(const HostBatch& data) {
  const auto& texts = data.texts;
  const auto rows = static_cast<std::int32_t>(data.offsets.size()) - 1;
  if (texts.empty()) return;
  if (texts.front() != 0 || texts.back() != rows ||
      std::ranges::adjacent_find(texts, std::ranges::greater_equal()) != texts.end()) {
    throw Error("INVALID_DATA", "texts must rise from 0 to the number of rows");
  }
}

at::Tensor text_of_windows(const std::vector<std::int32_t>& texts) {
  at::Tensor text_of = at::empty({texts.back(), 1}, at::kLong);
  auto* const text = text_of.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i + 1 < texts.size(); ++i) {
    std::fill(text + texts[i], text + texts[i + 1], static_cast<std::int64_t>(i));
  }
  return text_of;
}

/// The batch without its labels.
Batch without_labels(const HostBatch& data, const Limits& limits) {
  check_offsets(data.offsets, data.ids.size(), limits.max_length);
  check_range(data.ids, limits.vocabulary_size, "token id", "vocabulary");
  if (!data.types.empty()) {
    if (data.types.size() != data.ids.size()) throw Error("INVALID_DATA", "types and ids differ in length");
    check_range(data.types, limits.type_count, "segment id", "segments");
  }
  return {to_long(data.ids), data.types.empty() ? at::Tensor() : to_long(data.types),
          Sequences::ragged(std::make_shared<const std::vector<std::int32_t>>(data.offsets))};
}

}  // namespace

std::int64_t count_texts(const HostBatch& data) {
  const auto& boundaries = data.texts.empty() ? data.offsets : data.texts;
  return static_cast<std::int64_t>(boundaries.size()) - 1;
}

void check_labels(const HostBatch& data, std::int64_t labels) {
  const std::int64_t texts = count_texts(data);
  if (std::cmp_not_equal(data.labels.size(), texts * labels)) {
    throw Error("INVALID_DATA", "a batch of " + std::to_string(texts) + " texts has " +
                                    std::to_string(data.labels.size()) + " label values; expected " +
                                    std::to_string(texts * labels));
  }
  if (!data.weights.empty() && std::cmp_not_equal(data.weights.size(), texts)) {
    throw Error("INVALID_DATA", "a batch of " + std::to_string(texts) + " texts has " +
                                    std::to_string(data.weights.size()) + " weights");
  }
}

std::int64_t count_labelled(const HostBatch& data) {
  return std::ranges::count_if(data.labels, [](float label) { return !std::isnan(label); });
}

std::vector<at::Tensor> DeviceBatch::tensors() const {
  const Sequences& sequences = batch.sequences;
  std::vector<at::Tensor> tensors{batch.ids, batch.types, labels, weights, text_of_windows, labelled_count};
  if (sequences.is_dense()) tensors.push_back(sequences.mask());
  if (sequences.is_packed()) {
    const PackedPositions& packed = sequences.packed_positions();
    tensors.insert(tensors.end(), {packed.offsets, packed.positions, packed.texts});
  }
  return tensors;
}

DeviceBatch DeviceBatch::replaced(const std::vector<at::Tensor>& tensors) const {
  const Sequences& old = batch.sequences;
  const Sequences sequences =
      old.is_dense()
          ? Sequences::dense(tensors[6])
          : Sequences::packed({tensors[6], tensors[7], tensors[8], old.packed_positions().longest});
  return {{tensors[0], tensors[1], sequences}, tensors[2], tensors[3], tensors[4], tensors[5]};
}

DeviceBatch ragged_batch(const HostBatch& data, const Limits& limits, std::int64_t labels,
                         std::optional<std::int64_t> labelled_count) {
  DeviceBatch batch{without_labels(data, limits), {}, {}, {}, {}};
  if (!labelled_count) return batch;
  check_texts(data);
  check_labels(data, labels);
  batch.labels = to_float(data.labels).view({count_texts(data), labels});
  batch.labelled_count = at::full({}, static_cast<double>(*labelled_count), at::kFloat);
  if (!data.weights.empty()) batch.weights = to_float(data.weights);
  if (!data.texts.empty()) batch.text_of_windows = text_of_windows(data.texts);
  return batch;
}

DeviceBatch on_device(const DeviceBatch& batch, c10::Device device) {
  return batch.replaced(upload(batch.tensors(), device));
}

}  // namespace tagformer
