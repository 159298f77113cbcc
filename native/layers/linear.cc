#include "layers/linear.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <optional>

#include "layers/plain.h"
#include "runtime/stop.h"

namespace tagformer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Multiplications between two looks at the stop flag: some 20 ms on two cores. A larger product is computed
/// in parts of its rows; no sum is ever split.
constexpr std::int64_t kMultiplications = 1LL << 31;
/// Parts are whole multiples of it, so that libtorch's blocks stay full.
constexpr std::int64_t kRows = 256;

/// body(first, count) over the rows of a product's result, each of which takes `multiplications`.
template <typename Body>
void for_parts(std::int64_t rows, std::int64_t multiplications, const Body& body) {
  const std::int64_t part = std::max(kMultiplications / multiplications / kRows, std::int64_t{1}) * kRows;
  for (std::int64_t first = 0; first < rows; first += part) {
    check_stop();
    body(first, std::min(part, rows - first));
  }
}

struct Product : torch::autograd::Function<Product> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias) {
    at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
    const at::Tensor transposed = weight.t();
    for_parts(x.size(0), weight.numel(), [&](std::int64_t first, std::int64_t count) {
      at::Tensor to = y.narrow(0, first, count);
      const at::Tensor from = x.narrow(0, first, count);
      bias ? at::addmm_out(to, *bias, from, transposed) : at::mm_out(to, from, transposed);
    });
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
    return {context->needs_input_grad(0) ? grad_of_x(grad_y, x, weight) : at::Tensor(),
            context->needs_input_grad(1) ? grad_of_weight(grad_y, x, weight) : at::Tensor(),
            has_bias ? at::sum(grad_y, {0}) : at::Tensor()};
  }

 private:
  static at::Tensor grad_of_x(const at::Tensor& grad_y, const at::Tensor& x, const at::Tensor& weight) {
    at::Tensor grad_x = at::empty_like(x);
    for_parts(x.size(0), weight.numel(), [&](std::int64_t first, std::int64_t count) {
      at::Tensor to = grad_x.narrow(0, first, count);
      at::mm_out(to, grad_y.narrow(0, first, count), weight);
    });
    return grad_x;
  }

  static at::Tensor grad_of_weight(const at::Tensor& grad_y, const at::Tensor& x, const at::Tensor& weight) {
    at::Tensor grad_weight = at::empty_like(weight, at::MemoryFormat::Contiguous);
    for_parts(weight.size(0), x.numel(), [&](std::int64_t first, std::int64_t count) {
      at::Tensor to = grad_weight.narrow(0, first, count);
      at::mm_out(to, grad_y.narrow(1, first, count).t(), x);
    });
    return grad_weight;
  }
};

}  // namespace

at::Tensor product(const at::Tensor& x, const at::Tensor& weight) {
  if (!has_kernels(x)) return at::linear(x, weight);
  return Product::apply(x, weight, std::optional<at::Tensor>());
}

at::Tensor product(const at::Tensor& x, const Parameter& weight) { return product(x, weight.value); }

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor added = bias.to(x.scalar_type());
  if (!has_kernels(x)) return at::linear(x, weight, added);
  return Product::apply(x, weight, std::optional<at::Tensor>(added));
}

at::Tensor linear(const at::Tensor& x, const Linear& layer) {
  if (layer.bias == nullptr) return product(x, *layer.weight);
  return linear(x, layer.weight->value, layer.bias->value);
}

}  // namespace tagformer
