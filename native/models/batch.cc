#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <bit>

#include "models/model.h"

namespace tagformer {
namespace {

/// `[total] -> [texts, length]`, zeros where a text has ended.
at::Tensor pad(const at::Tensor& values, const std::vector<std::int32_t>& offsets, std::int64_t length) {
  const std::size_t texts = offsets.size() - 1;
  at::Tensor padded = at::zeros({static_cast<std::int64_t>(texts), length}, at::kLong);
  const auto* const from = values.const_data_ptr<std::int64_t>();
  auto* to = padded.data_ptr<std::int64_t>();
  for (std::size_t text = 0; text < texts; ++text, to += length) {
    std::copy(from + offsets[text], from + offsets[text + 1], to);
  }
  return padded;
}

}  // namespace

Batch Batch::padded() const {
  const std::vector<std::int32_t>& offsets = *sequences.offsets();
  std::int32_t longest = 0;
  for (std::size_t i = 1; i < offsets.size(); ++i) longest = std::max(longest, offsets[i] - offsets[i - 1]);
  return {pad(ids, offsets, longest), types.defined() ? pad(types, offsets, longest) : at::Tensor(),
          Sequences::dense(pad(ids.new_ones({offsets.back()}), offsets, longest))};
}

Batch Batch::packed() const {
  const std::vector<std::int32_t>& offsets = *sequences.offsets();
  PackedPositions packed{.offsets = at::empty({static_cast<std::int64_t>(offsets.size())}, at::kInt),
                         .positions = sequences.positions(),
                         .texts = at::empty({offsets.back()}, at::kLong),
                         .longest = 0};
  std::ranges::copy(offsets, packed.offsets.data_ptr<std::int32_t>());
  auto* const text = packed.texts.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    std::fill(text + offsets[i], text + offsets[i + 1], static_cast<std::int64_t>(i));
    packed.longest = std::max<std::int64_t>(packed.longest, offsets[i + 1] - offsets[i]);
  }
  // To a power of two: the kernels only size their grid by it, and batches of more shapes cannot be told
  // apart.
  packed.longest = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(packed.longest)));
  return {ids, types, Sequences::packed(std::move(packed))};
}

at::Tensor embed_words(const Parameter& table, const Batch& batch, std::int64_t padding_id) {
  if (batch.words.defined()) return batch.words;
  const at::Tensor rows = at::embedding(table.value, batch.ids, padding_id).to(at::kFloat);
  return table.scales.defined() ? rows.mul(at::embedding(table.scales, batch.ids)) : rows;
}

}  // namespace tagformer
