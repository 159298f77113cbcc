#include "layers/linear.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/sum.h>

#include <optional>

#include "layers/aten_path.h"
#include "layers/matmul.h"
#include "layers/operation.h"

namespace tagformer {
namespace {

/// Of rows, a weight and perhaps a bias.
struct Product : Operation {
  at::Tensor forward(const Tensors& inputs, Tensors& saved) const override {
    const at::Tensor& x = inputs[0];
    const at::Tensor& weight = inputs[1];
    saved = {x, weight};
    return multiply(x, pack_transposed(weight),
                    inputs[2].defined() ? std::optional(inputs[2]) : std::nullopt);
  }

  [[nodiscard]] Tensors backward(const Tensors& saved, const at::Tensor& grad_y,
                                 const std::vector<bool>& wanted) const override {
    // A frozen part needs no gradient, nor does what has only frozen parts below it.
    return {wanted[0] ? multiply(grad_y, pack(saved[1]), std::nullopt) : at::Tensor(),
            wanted[1] ? multiply_transposed(grad_y, pack(saved[0])) : at::Tensor(),
            wanted[2] ? at::sum(grad_y, {0}, /*keepdim=*/false, at::kFloat) : at::Tensor()};
  }
};

at::Tensor aten_multiply(const at::Tensor& x, const at::Tensor& weight,
                         const std::optional<at::Tensor>& bias) {
  return bias ? at::linear(x, weight, bias->to(x.scalar_type())) : at::linear(x, weight);
}

at::Tensor multiply_weight(const at::Tensor& x, const at::Tensor& weight,
                           const std::optional<at::Tensor>& bias) {
  if (!has_kernels(x)) return aten_multiply(x, weight, bias);
  return apply(Product(), {x.contiguous(), weight, bias.value_or(at::Tensor())});
}

}  // namespace

at::Tensor product(const at::Tensor& x, const at::Tensor& weight) {
  return multiply_weight(x, weight, std::nullopt);
}

at::Tensor product(const at::Tensor& x, const Parameter& weight) {
  if (weight.packed.defined()) return multiply(x.contiguous(), weight.packed, std::nullopt);
  return multiply_weight(x, weight.value, std::nullopt);
}

at::Tensor linear(const at::Tensor& x, const Linear& layer) {
  return linear_part(x, layer, 0, layer.weight->value.size(0));
}

at::Tensor linear_part(const at::Tensor& x, const Linear& layer, std::int64_t begin, std::int64_t end) {
  const Parameter& weight = *layer.weight;
  const auto bias =
      layer.bias == nullptr ? std::nullopt : std::optional(layer.bias->value.slice(0, begin, end));
  if (weight.packed.defined()) return multiply_part(x.contiguous(), weight.packed, begin, end, bias);
  return multiply_weight(x, weight.value.slice(0, begin, end), bias);
}

}  // namespace tagformer
