#include "layers/sequences.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "runtime/error.h"

namespace tagformer {
namespace {

/// 0, 1, 2, ... along the last dimension of `like`, int64. Not arange: a trace would keep length and device.
at::Tensor counted(const at::Tensor& like) { return at::ones_like(like).cumsum(-1).sub(1); }

/// The elements `begin`, `begin` + 1, ... of offsets, `count` of them, each plus `shift`.
at::Tensor rows_at(const std::vector<std::int32_t>& offsets, std::size_t begin, std::int64_t shift) {
  const std::size_t texts = offsets.size() - 1;
  at::Tensor rows = at::empty({static_cast<std::int64_t>(texts)}, at::kLong);
  auto* const row = rows.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < texts; ++i) row[i] = offsets[begin + i] + shift;
  return rows;
}

}  // namespace

Sequences Sequences::ragged(Offsets offsets) {
  Sequences sequences;
  sequences.offsets_ = std::move(offsets);
  return sequences;
}

Sequences Sequences::dense(at::Tensor mask) {
  Sequences sequences;
  sequences.mask_ = std::move(mask);
  return sequences;
}

Sequences Sequences::packed(PackedPositions packed) {
  Sequences sequences;
  sequences.packed_positions_ = std::move(packed);
  return sequences;
}

const Offsets& Sequences::offsets() const {
  if (offsets_ == nullptr) throw Error("INTERNAL", "a kernel for ragged batches was given another form");
  return offsets_;
}

const at::Tensor& Sequences::mask() const {
  if (!is_dense()) throw Error("INTERNAL", "an operation on dense batches was given another form");
  return mask_;
}

at::Tensor Sequences::running_sum(const at::Tensor& values) const {
  if (is_dense()) return values.cumsum(-1);
  if (is_packed()) {
    const at::Tensor sums = values.cumsum(0);
    const at::Tensor before = first_tokens(sums.sub(values));
    return sums.sub(before.index_select(0, packed_positions_.texts));
  }
  at::Tensor sums = at::empty_like(values);
  const auto* const value = values.const_data_ptr<std::int64_t>();
  auto* const to = sums.data_ptr<std::int64_t>();
  for (std::size_t text = 0; text + 1 < offsets_->size(); ++text) {
    std::int64_t sum = 0;
    for (std::int32_t i = (*offsets_)[text]; i < (*offsets_)[text + 1]; ++i) to[i] = sum += value[i];
  }
  return sums;
}

at::Tensor Sequences::positions() const {
  if (is_dense()) return counted(mask_.slice(0, 0, 1));
  if (is_packed()) return packed_positions_.positions;
  at::Tensor positions = at::empty({offsets_->back()}, at::kLong);
  auto* const position = positions.data_ptr<std::int64_t>();
  for (std::size_t text = 0; text + 1 < offsets_->size(); ++text) {
    for (std::int32_t i = (*offsets_)[text]; i < (*offsets_)[text + 1]; ++i)
      position[i] = i - (*offsets_)[text];
  }
  return positions;
}

at::Tensor Sequences::distances() const {
  if (is_dense()) {
    const at::Tensor positions = counted(mask_.select(0, 0));
    return at::cat({positions.flip(0), positions.slice(0, 1).neg()});
  }
  (void)offsets();  // no model that asks for distances takes the packed form
  return at::arange(longest() - 1, -longest(), -1, at::kLong);
}

at::Tensor Sequences::indices() const {
  if (is_dense()) return counted(mask_.select(0, 0));
  const c10::Device device = is_packed() ? packed_positions_.offsets.device() : c10::Device(c10::kCPU);
  return at::arange(longest(), at::TensorOptions().dtype(at::kLong).device(device));
}

std::int64_t Sequences::longest() const {
  if (is_packed()) return packed_positions_.longest;
  std::int64_t longest = 0;
  for (std::size_t i = 1; i < offsets_->size(); ++i) {
    longest = std::max<std::int64_t>(longest, (*offsets_)[i] - (*offsets_)[i - 1]);
  }
  return longest;
}

at::Tensor Sequences::means(const at::Tensor& x) const {
  if (is_dense()) {
    const at::Tensor weights = mask_.to(x.scalar_type()).unsqueeze(-1);
    return x.mul(weights).sum(1).div(weights.sum(1));
  }
  if (is_packed()) {
    const at::Tensor sums = at::zeros({packed_positions_.offsets.size(0) - 1, x.size(1)}, x.options());
    return sums.index_add(0, packed_positions_.texts, x).div(packed_positions_.offsets.diff().unsqueeze(1));
  }
  const auto texts = static_cast<std::int64_t>(offsets_->size()) - 1;
  const at::Tensor lengths = at::empty({texts}, at::kLong);
  for (std::size_t i = 0; i + 1 < offsets_->size(); ++i) {
    lengths.data_ptr<std::int64_t>()[i] = (*offsets_)[i + 1] - (*offsets_)[i];
  }
  const at::Tensor text_of_token = at::repeat_interleave(lengths);
  return x.new_zeros({texts, x.size(1)}).index_add(0, text_of_token, x).div(lengths.unsqueeze(1));
}

at::Tensor Sequences::first_tokens(const at::Tensor& x) const {
  if (is_dense()) return x.select(1, 0);
  if (is_packed()) return at::index_select(x, 0, packed_positions_.offsets.slice(0, 0, -1));
  return at::index_select(x, 0, rows_at(*offsets_, 0, 0));
}

at::Tensor Sequences::last_tokens(const at::Tensor& x) const {
  if (is_packed()) return at::index_select(x, 0, packed_positions_.offsets.slice(0, 1).sub(1));
  if (!is_dense()) return at::index_select(x, 0, rows_at(*offsets_, 1, -1));
  const at::Tensor index = last_positions().unsqueeze(-1).unsqueeze(-1).expand({-1, -1, x.size(-1)});
  return at::gather(x, 1, index).squeeze(1);
}

at::Tensor Sequences::last_positions() const { return mask().mul(positions()).argmax(-1); }

}  // namespace tagformer
