#include "layers/rotary.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/pow.h>

#include "layers/dispatch.h"

namespace tagformer {
namespace {

/// Each pair of elements, half a head apart, turned by its angle.
at::Tensor turn(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines) {
  const std::vector<at::Tensor> halves = x.to(at::kFloat).chunk(2, -1);
  const at::Tensor& a = halves[0];
  const at::Tensor& b = halves[1];
  const at::Tensor turned = at::cat({a.mul(cosines).sub(b.mul(sines)), b.mul(cosines).add(a.mul(sines))}, -1);
  return turned.to(x.scalar_type());
}

}  // namespace

Rotary::Rotary(const Sequences& sequences, std::int64_t head_dim, double theta, double factor) {
  // In fp32, in the order of transformers' modeling_rope_utils.py: at position 8000 roundings show.
  const at::Tensor positions = sequences.indices().to(at::kFloat);
  const at::Tensor index = positions.new_ones({head_dim / 2}).cumsum(0).sub(1);
  const at::Tensor exponent = index.mul(2).div(static_cast<double>(head_dim));
  const at::Tensor frequency = at::pow(theta, exponent).reciprocal().div(factor);
  const at::Tensor angle = positions.unsqueeze(1).mul(frequency);
  cosines_ = angle.cos();
  sines_ = angle.sin();
}

cpu::RotaryTable Rotary::table() const {
  return {elements<const float>(cosines_), elements<const float>(sines_)};
}

at::Tensor Rotary::rotate(const at::Tensor& x) const {
  return cosines_.defined() ? turn(x, cosines_, sines_) : x;
}

at::Tensor Rotary::rotate_rows(const at::Tensor& x, const at::Tensor& positions) const {
  if (!cosines_.defined()) return x;
  const auto by_row = [&](const at::Tensor& table) { return table.index_select(0, positions).unsqueeze(1); };
  return turn(x, by_row(cosines_), by_row(sines_));
}

}  // namespace tagformer
