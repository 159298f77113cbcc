#include "training/lazy_rows.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/index_select.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "layers/dispatch.h"
#include "runtime/parallel.h"

namespace tagformer {
namespace {

/// Steps after which every row has been brought up to date, a part of the table in each: so many have to be
/// remembered.
constexpr std::int64_t kMostPending = 64;
/// Rows that are worth a thread.
constexpr std::int64_t kGrain = 16;

}  // namespace

LazyRows::LazyRows(const Parameter& table, Moments moments, bool fresh)
    : table_(table),
      moments_(std::move(moments)),
      width_(table.value.size(1)),
      done_(static_cast<std::size_t>(table.value.size(0)), 0),
      learned_(done_.size(), false) {
  if (fresh) return;
  const auto* const squares = elements<const float>(moments_.square);
  const auto* const means = elements<const float>(moments_.mean);
  const auto is_zero = [](float value) { return value == 0.0F; };
  for (std::int64_t row = 0; row < rows(); ++row) {
    const std::int64_t at = row * width_;
    learned_[static_cast<std::size_t>(row)] = !std::all_of(squares + at, squares + at + width_, is_zero) ||
                                              !std::all_of(means + at, means + at + width_, is_zero);
  }
}

at::Tensor LazyRows::look_up(const at::Tensor& ids) {
  const auto* const first = ids.const_data_ptr<std::int64_t>();
  bring_up_to_date(behind({first, static_cast<std::size_t>(ids.numel())}), StopFlag::of_thread());
  const at::NoGradGuard no_gradients;
  at::Tensor leaf = at::index_select(table_.value, 0, ids);
  leaf.requires_grad_(true);
  return leaf;
}

std::vector<std::int64_t> LazyRows::behind(std::span<const std::int64_t> rows) const {
  std::vector<std::int64_t> behind;
  std::ranges::copy_if(rows, std::back_inserter(behind),
                       [this](std::int64_t row) { return done_[static_cast<std::size_t>(row)] < now_; });
  std::ranges::sort(behind);
  behind.erase(std::ranges::unique(behind).begin(), behind.end());
  return behind;
}

void LazyRows::update(const cpu::AdamWStep& step, const RowGradients& gradients) {
  const std::vector<std::int64_t>& touched = gradients.rows();
  // This rank has read those of its own batches; of others' it may lack older updates.
  bring_up_to_date(behind(touched), StopFlag());
  auto* const weights = elements<float>(table_.master);
  auto* const means = elements<float>(moments_.mean);
  auto* const squares = elements<float>(moments_.square);
  const auto thread = [&](const auto& each) {
    each([&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t slot = begin; slot < end; ++slot) {
        const std::int64_t at = touched[static_cast<std::size_t>(slot)] * width_;
        cpu::typed_kernels<float>().adamw(step, weights + at,
                                          gradients.gradient(static_cast<std::size_t>(slot)), means + at,
                                          squares + at, average_at(at), nullptr, width_);
      }
    });
  };
  share_out(static_cast<std::int64_t>(touched.size()), kGrain, thread, StopFlag());
  steps_.push_back(step);
  ++now_;
  for (const std::int64_t row : touched) {
    done_[static_cast<std::size_t>(row)] = now_;
    learned_[static_cast<std::size_t>(row)] = true;
  }
  std::vector<std::int64_t> sweep;
  for (std::int64_t i = 0; i < (rows() + kMostPending - 1) / kMostPending; ++i) {
    sweep.push_back(next_);
    next_ = (next_ + 1) % rows();
  }
  bring_up_to_date(sweep, StopFlag());
  if (static_cast<std::int64_t>(steps_.size()) > kMostPending) steps_.pop_front();
}

void LazyRows::apply_pending() {
  std::vector<std::int64_t> behind;
  for (std::int64_t row = 0; row < rows(); ++row) {
    if (done_[static_cast<std::size_t>(row)] < now_) behind.push_back(row);
  }
  bring_up_to_date(behind, StopFlag::of_thread());
}

void LazyRows::bring_up_to_date(const std::vector<std::int64_t>& rows, StopFlag stop) {
  const auto thread = [&](const auto& each) {
    const std::vector<float> no_gradient(static_cast<std::size_t>(width_), 0.0F);
    std::vector<float> no_means(static_cast<std::size_t>(width_), 0.0F);
    each([&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        bring_up_to_date(rows[static_cast<std::size_t>(i)], no_gradient.data(), no_means.data());
      }
    });
  };
  share_out(static_cast<std::int64_t>(rows.size()), kGrain, thread, stop);
}

void LazyRows::bring_up_to_date(std::int64_t row, const float* no_gradient, float* no_means) {
  std::int64_t& done = done_[static_cast<std::size_t>(row)];
  const bool learned = learned_[static_cast<std::size_t>(row)];
  const std::int64_t at = row * width_;
  float* const mean = learned ? elements<float>(moments_.mean) + at : no_means;
  float* const square = learned ? elements<float>(moments_.square) + at : no_means;
  const std::int64_t oldest = now_ - static_cast<std::int64_t>(steps_.size());
  for (; done < now_; ++done) {
    cpu::typed_kernels<float>().adamw(steps_[static_cast<std::size_t>(done - oldest)],
                                      elements<float>(table_.master) + at, no_gradient, mean, square,
                                      average_at(at), nullptr, width_);
  }
}

float* LazyRows::average_at(std::int64_t first) const {
  return moments_.average.defined() ? elements<float>(moments_.average) + first : nullptr;
}

}  // namespace tagformer
