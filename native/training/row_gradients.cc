#include "training/row_gradients.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <numeric>

#include "layers/dispatch.h"
#include "runtime/parallel.h"

namespace tagformer {

std::int64_t RowGradients::slot_of(std::int64_t row) {
  std::int64_t& slot = slots_[static_cast<std::size_t>(row)];
  if (slot < 0) {
    rows_.push_back(row);
    slot = static_cast<std::int64_t>(rows_.size()) - 1;
  }
  return slot;
}

void RowGradients::add(const at::Tensor& ids, const at::Tensor& gradient) {
  const auto* const tokens = ids.const_data_ptr<std::int64_t>();
  const std::int64_t count = ids.numel();
  // As in transformers, the padding token's row gets no gradient, even where a text holds that token.
  const auto is_padding = [&](std::int64_t i) { return tokens[i] == padding_id_; };
  for (std::int64_t i = 0; i < count; ++i) {
    if (!is_padding(i)) slot_of(tokens[i]);
  }
  // All memory is there before the first sum changes: a batch is added whole or not at all.
  gradients_.resize(rows_.size() * static_cast<std::size_t>(width_), 0.0F);
  const auto* from = elements<const float>(gradient);
  for (std::int64_t i = 0; i < count; ++i, from += width_) {
    if (!is_padding(i)) add(tokens[i], from);
  }
}

void RowGradients::add(const RowGradients& sums) {
  for (const std::int64_t row : sums.rows_) slot_of(row);
  gradients_.resize(rows_.size() * static_cast<std::size_t>(width_), 0.0F);
  for (std::size_t i = 0; i < sums.rows_.size(); ++i) add(sums.rows_[i], sums.gradient(i));
}

void RowGradients::add(std::int64_t row, const float* from) {
  float* const to = gradients_.data() + slot_of(row) * width_;
  for (std::int64_t i = 0; i < width_; ++i) to[i] += from[i];
}

at::Tensor RowGradients::gradients() const {
  at::Tensor copy = at::empty({static_cast<std::int64_t>(rows_.size()), width_}, at::kFloat);
  std::ranges::copy(gradients_, copy.data_ptr<float>());
  return copy;
}

void RowGradients::clear() {
  for (const std::int64_t row : rows_) slots_[static_cast<std::size_t>(row)] = -1;
  rows_.clear();
  gradients_.clear();
}

double RowGradients::sum_of_squares(std::int64_t chunk) const {
  std::vector<std::int64_t> sorted = rows_;
  std::ranges::sort(sorted);
  const std::int64_t total = static_cast<std::int64_t>(slots_.size()) * width_;
  std::vector<double> sums(static_cast<std::size_t>((total + chunk - 1) / chunk), 0.0);
  const auto thread = [&](const auto& each) {
    std::vector<float> dense(static_cast<std::size_t>(chunk));
    each([&](std::int64_t i, std::int64_t) {
      const std::int64_t first = i * chunk;
      const std::int64_t last = std::min(first + chunk, total);
      auto row = std::ranges::lower_bound(sorted, first / width_);
      if (row == sorted.end() || *row * width_ >= last) return;
      std::ranges::fill(dense, 0.0F);
      for (; row != sorted.end() && *row * width_ < last; ++row) {
        const std::int64_t start = *row * width_;
        const float* const from = gradients_.data() + slots_[static_cast<std::size_t>(*row)] * width_;
        const std::int64_t from_element = std::max(first, start);
        std::copy(from + (from_element - start), from + (std::min(last, start + width_) - start),
                  dense.data() + (from_element - first));
      }
      sums[static_cast<std::size_t>(i)] =
          cpu::typed_kernels<float>().sum_of_squares(dense.data(), last - first);
    });
  };
  share_out(static_cast<std::int64_t>(sums.size()), 1, thread, StopFlag());
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace tagformer
