#include "layers/rotary.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/pow.h>

#include "layers/dispatch.h"

namespace tagformer {

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
  if (!cosines_.defined()) return x;
  const std::vector<at::Tensor> halves = x.to(at::kFloat).chunk(2, -1);
  const at::Tensor& a = halves[0];
  const at::Tensor& b = halves[1];
  const at::Tensor turned =
      at::cat({a.mul(cosines_).sub(b.mul(sines_)), b.mul(cosines_).add(a.mul(sines_))}, -1);
  return turned.to(x.scalar_type());
}

}  // namespace tagformer
