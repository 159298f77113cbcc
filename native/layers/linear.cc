#include "layers/linear.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "layers/matmul.h"
#include "layers/plain.h"

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
    // What is frozen, and what only frozen parts lie below, needs no gradient.
    return {context->needs_input_grad(0) ? multiply(grad_y, pack(weight), std::nullopt) : at::Tensor(),
            context->needs_input_grad(1) ? multiply_transposed(grad_y, pack(x)) : at::Tensor(),
            has_bias ? at::sum(grad_y, {0}, /*keepdim=*/false, at::kFloat) : at::Tensor()};
  }
};

}  // namespace

at::Tensor product(const at::Tensor& x, const at::Tensor& weight) {
  if (!has_kernels(x)) return at::linear(x, weight);
  return Product::apply(x.contiguous(), weight, std::optional<at::Tensor>());
}

at::Tensor product(const at::Tensor& x, const Parameter& weight) { return product(x, weight.value); }

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!has_kernels(x)) return at::linear(x, weight, bias.to(x.scalar_type()));
  return Product::apply(x.contiguous(), weight, std::optional<at::Tensor>(bias));
}

at::Tensor linear(const at::Tensor& x, const Linear& layer) {
  if (layer.bias == nullptr) return product(x, *layer.weight);
  return linear(x, layer.weight->value, layer.bias->value);
}

}  // namespace tagformer
