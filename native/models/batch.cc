#include <ATen/ops/embedding.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

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

at::Tensor embed_words(const Parameter& table, const Batch& batch, std::int64_t padding_id) {
  return batch.words.defined() ? batch.words : at::embedding(table.value, batch.ids, padding_id);
}

}  // namespace tagformer
