#include "layers/linear.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "layers/aten_path.h"
#include "layers/matmul.h"

namespace tagformer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Product : torch::autograd::Function<Product> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias) {
    at::Tensor y = multiply(x, pack_transposed(weight), bias);
    context->saved_data["bias"] = bias.has_value();
    context->save_for_backward({x, weight});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list tensors = context->get_saved_variables();
    const at::Tensor& x = tensors[0];
    const at::Tensor& weight = tensors[1];
    const at::Tensor grad_y = grads[0].contiguous();
    const bool has_bias = context->saved_data["bias"].toBool();
    // A frozen part needs no gradient, nor does what has only frozen parts below it.
    return {context->needs_input_grad(0) ? multiply(grad_y, pack(weight), std::nullopt) : at::Tensor(),
            context->needs_input_grad(1) ? multiply_transposed(grad_y, pack(x)) : at::Tensor(),
            has_bias ? at::sum(grad_y, {0}, /*keepdim=*/false, at::kFloat) : at::Tensor()};
  }
};

at::Tensor aten_multiply(const at::Tensor& x, const at::Tensor& weight,
                         const std::optional<at::Tensor>& bias) {
  return bias ? at::linear(x, weight, bias->to(x.scalar_type())) : at::linear(x, weight);
}

at::Tensor multiply_weight(const at::Tensor& x, const at::Tensor& weight,
                           const std::optional<at::Tensor>& bias) {
  return has_kernels(x) ? Product::apply(x.contiguous(), weight, bias) : aten_multiply(x, weight, bias);
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
