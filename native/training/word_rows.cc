#include "training/word_rows.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/index_select.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "layers/dispatch.h"
#include "runtime/parallel.h"

namespace tagformer {
namespace {

/// Steps after which every row has been settled, a part of the table in each: so many have to be remembered.
constexpr std::int64_t kMostOwed = 64;
/// Rows that are worth a thread.
constexpr std::int64_t kGrain = 16;

}  // namespace

WordRows::WordRows(const WordTable& words)
    : words_(words),
      width_(words.table->value.size(1)),
      done_(static_cast<std::size_t>(words.table->value.size(0)), 0),
      learned_(done_.size(), false),
      slots_(done_.size(), -1) {}

at::Tensor WordRows::look_up(const at::Tensor& ids) {
  const auto* const first = ids.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> owing;
  std::copy_if(first, first + ids.numel(), std::back_inserter(owing),
               [this](std::int64_t row) { return done_[static_cast<std::size_t>(row)] < now_; });
  std::ranges::sort(owing);
  owing.erase(std::ranges::unique(owing).begin(), owing.end());
  settle_rows(owing, StopFlag::of_thread());
  const at::NoGradGuard no_gradients;
  at::Tensor leaf = at::index_select(words_.table->value, 0, ids);
  leaf.requires_grad_(true);
  return leaf;
}

void WordRows::add_gradient(const at::Tensor& ids, const at::Tensor& leaf) {
  if (!leaf.grad().defined()) return;
  const at::Tensor gradient = leaf.grad().contiguous();
  const auto* const tokens = ids.const_data_ptr<std::int64_t>();
  const auto* from = elements<const float>(gradient);
  for (std::int64_t i = 0; i < ids.numel(); ++i, from += width_) {
    // As in transformers, the padding token's row gets no gradient, even where a text holds that token.
    if (tokens[i] == words_.padding_id) continue;
    std::int64_t& slot = slots_[static_cast<std::size_t>(tokens[i])];
    if (slot < 0) {
      slot = static_cast<std::int64_t>(touched_.size());
      touched_.push_back(tokens[i]);
      gradients_.resize(gradients_.size() + static_cast<std::size_t>(width_), 0.0F);
    }
    float* const to = gradients_.data() + slot * width_;
    for (std::int64_t j = 0; j < width_; ++j) to[j] += from[j];
  }
}

void WordRows::clear_gradient() {
  for (const std::int64_t row : touched_) slots_[static_cast<std::size_t>(row)] = -1;
  touched_.clear();
  gradients_.clear();
}

double WordRows::sum_of_squares(std::int64_t chunk) const {
  std::vector<std::int64_t> sorted = touched_;
  std::ranges::sort(sorted);
  const std::int64_t total = rows() * width_;
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

void WordRows::update(const cpu::AdamWStep& step) {
  auto* const weights = elements<float>(words_.table->master);
  auto* const means = elements<float>(words_.table->mean);
  auto* const squares = elements<float>(words_.table->square);
  const auto thread = [&](const auto& each) {
    each([&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t slot = begin; slot < end; ++slot) {
        const std::int64_t at = touched_[static_cast<std::size_t>(slot)] * width_;
        cpu::typed_kernels<float>().adamw(step, weights + at, gradients_.data() + slot * width_, means + at,
                                          squares + at, nullptr, width_);
      }
    });
  };
  share_out(static_cast<std::int64_t>(touched_.size()), kGrain, thread, StopFlag());
  steps_.push_back(step);
  ++now_;
  for (const std::int64_t row : touched_) {
    // Before the batch was computed the row was read, and so it owes nothing older.
    done_[static_cast<std::size_t>(row)] = now_;
    learned_[static_cast<std::size_t>(row)] = true;
  }
  std::vector<std::int64_t> sweep;
  for (std::int64_t i = 0; i < (rows() + kMostOwed - 1) / kMostOwed; ++i) {
    sweep.push_back(next_);
    next_ = (next_ + 1) % rows();
  }
  settle_rows(sweep, StopFlag());
  if (static_cast<std::int64_t>(steps_.size()) > kMostOwed) steps_.pop_front();
}

void WordRows::settle() {
  std::vector<std::int64_t> owing;
  for (std::int64_t row = 0; row < rows(); ++row) {
    if (done_[static_cast<std::size_t>(row)] < now_) owing.push_back(row);
  }
  settle_rows(owing, StopFlag::of_thread());
}

void WordRows::settle_rows(const std::vector<std::int64_t>& rows, StopFlag stop) {
  const auto thread = [&](const auto& each) {
    const std::vector<float> no_gradient(static_cast<std::size_t>(width_), 0.0F);
    std::vector<float> no_means(static_cast<std::size_t>(width_), 0.0F);
    each([&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        settle_row(rows[static_cast<std::size_t>(i)], no_gradient.data(), no_means.data());
      }
    });
  };
  share_out(static_cast<std::int64_t>(rows.size()), kGrain, thread, stop);
}

void WordRows::settle_row(std::int64_t row, const float* no_gradient, float* no_means) {
  std::int64_t& done = done_[static_cast<std::size_t>(row)];
  const bool learned = learned_[static_cast<std::size_t>(row)];
  const std::int64_t at = row * width_;
  float* const mean = learned ? elements<float>(words_.table->mean) + at : no_means;
  float* const square = learned ? elements<float>(words_.table->square) + at : no_means;
  const std::int64_t oldest = now_ - static_cast<std::int64_t>(steps_.size());
  for (; done < now_; ++done) {
    cpu::typed_kernels<float>().adamw(steps_[static_cast<std::size_t>(done - oldest)],
                                      elements<float>(words_.table->master) + at, no_gradient, mean, square,
                                      nullptr, width_);
  }
}

}  // namespace tagformer
