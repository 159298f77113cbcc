#include "layers/activation.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/hardswish.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/mish.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/relu6.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tanh.h>
#include <c10/core/InferenceMode.h>

#include <numbers>

#include "layers/aten_path.h"
#include "layers/dispatch.h"
#include "layers/operation.h"

namespace tagformer {
namespace {

/// GELU with its bias, one pass over memory each way.
template <bool kTanh>
struct Gelu : Operation {
  template <typename T>
  static auto forward_kernel() {
    return kTanh ? cpu::typed_kernels<T>().tanh_gelu_forward : cpu::typed_kernels<T>().gelu_forward;
  }

  template <typename T>
  static auto backward_kernel() {
    return kTanh ? cpu::typed_kernels<T>().tanh_gelu_backward : cpu::typed_kernels<T>().gelu_backward;
  }

  /// Of rows and a bias.
  at::Tensor forward(const Tensors& inputs, Tensors& saved) const override {
    at::Tensor y = at::empty_like(inputs[0]);
    write(inputs[0], inputs[1], y);
    saved = inputs;
    return y;
  }

  /// `y` may be `x`.
  static void write(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& y) {
    const std::int64_t width = x.size(1);
    for_type(x, [&]<typename T> {
      for_rows(x.size(0), [&](std::int64_t first, std::int64_t count) {
        const std::int64_t at = first * width;
        forward_kernel<T>()(elements<const T>(x) + at, elements<const float>(bias), elements<T>(y) + at,
                            count, width);
      });
    });
  }

  [[nodiscard]] Tensors backward(const Tensors& saved, const at::Tensor& grad_y,
                                 const std::vector<bool>&) const override {
    const at::Tensor& x = saved[0];
    at::Tensor grad_x = at::empty_like(x);
    const std::int64_t width = x.size(1);
    const at::Tensor sums = at::zeros({row_blocks(x.size(0)), width}, x.options().dtype(at::kFloat));
    for_type(x, [&]<typename T> {
      for_row_blocks(x.size(0), [&](std::int64_t block, std::int64_t first, std::int64_t count) {
        const std::int64_t at = first * width;
        backward_kernel<T>()(elements<const T>(grad_y) + at, elements<const T>(x) + at,
                             elements<const float>(saved[1]), elements<T>(grad_x) + at,
                             elements<float>(sums) + block * width, count, width);
      });
    });
    return {grad_x, at::sum(sums, {0})};
  }
};

/// Whether `x`, which is no view, is the only tensor over its memory, so that it can be overwritten.
bool is_ours_alone(const at::Tensor& x) {
  return c10::InferenceMode::is_enabled() && x.is_contiguous() && x.use_count() == 1;
}

template <bool kTanh>
at::Tensor gelu(at::Tensor x, const at::Tensor& bias) {
  if (!has_kernels(x)) return at::gelu(x.add(bias.to(x.scalar_type())), kTanh ? "tanh" : "none");
  if (!is_ours_alone(x)) return apply(Gelu<kTanh>(), {x.contiguous(), bias});
  // The widest tensor of a layer stays in cache, and needs no second one beside it.
  Gelu<kTanh>::write(x, bias, x);
  return x;
}

/// The other activations are rare enough for libtorch's own kernels.
template <at::Tensor (*kFunction)(const at::Tensor&)>
// NOLINTNEXTLINE(performance-unnecessary-value-param): as Activation has it
at::Tensor after_bias(at::Tensor x, const at::Tensor& bias) {
  return kFunction(x.add(bias.to(x.scalar_type())));
}

at::Tensor clipped_gelu(const at::Tensor& x) { return at::gelu(x).clamp(-10, 10); }
at::Tensor quick_gelu(const at::Tensor& x) { return x.mul(at::sigmoid(x.mul(1.702))); }
at::Tensor relu(const at::Tensor& x) { return at::relu(x); }
at::Tensor relu6(const at::Tensor& x) { return at::relu6(x); }
at::Tensor squared_relu(const at::Tensor& x) { return at::relu(x).square(); }
at::Tensor leaky_relu(const at::Tensor& x) { return at::leaky_relu(x); }
at::Tensor silu(const at::Tensor& x) { return at::silu(x); }
at::Tensor mish(const at::Tensor& x) { return at::mish(x); }
at::Tensor hardswish(const at::Tensor& x) { return at::hardswish(x); }
at::Tensor laplace(const at::Tensor& x) {
  return at::erf(x.sub(0.707107).div(0.282095 * std::numbers::sqrt2)).add(1.0).mul(0.5);
}
at::Tensor root_softplus(const at::Tensor& x) { return at::softplus(x).sqrt(); }
at::Tensor tanh(const at::Tensor& x) { return at::tanh(x); }
at::Tensor sigmoid(const at::Tensor& x) { return at::sigmoid(x); }
at::Tensor identity(const at::Tensor& x) { return x; }

struct Named {
  const char* name;
  Activation function;
};

/// transformers/activations.py, ACT2FN, but for those with parameters of their own.
constexpr Named kActivations[] = {
    {"gelu", gelu<false>},
    {"gelu_python", gelu<false>},
    {"gelu_10", after_bias<clipped_gelu>},
    {"gelu_new", gelu<true>},
    {"gelu_fast", gelu<true>},
    {"gelu_accurate", gelu<true>},
    {"gelu_pytorch_tanh", gelu<true>},
    {"gelu_python_tanh", gelu<true>},
    {"quick_gelu", after_bias<quick_gelu>},
    {"relu", after_bias<relu>},
    {"relu2", after_bias<squared_relu>},
    {"relu6", after_bias<relu6>},
    {"leaky_relu", after_bias<leaky_relu>},
    {"hardswish", after_bias<hardswish>},
    {"laplace", after_bias<laplace>},
    {"sqrtsoftplus", after_bias<root_softplus>},
    {"silu", after_bias<silu>},
    {"swish", after_bias<silu>},
    {"mish", after_bias<mish>},
    {"tanh", after_bias<tanh>},
    {"sigmoid", after_bias<sigmoid>},
    {"linear", after_bias<identity>},
};

}  // namespace

at::Tensor gated(const at::Tensor& x, const std::optional<at::Tensor>& bias, Activation activation) {
  const std::vector<at::Tensor> halves = x.chunk(2, -1);
  const std::int64_t width = x.size(-1) / 2;
  if (!bias) return activation(halves[0], x.new_zeros({width}, at::kFloat)).mul(halves[1]);
  const std::vector<at::Tensor> biases = bias->chunk(2);
  return activation(halves[0], biases[0]).mul(halves[1].add(biases[1].to(x.scalar_type())));
}

Activation find_activation(const std::string& name) {
  for (const Named& known : kActivations) {
    if (name == known.name) return known.function;
  }
  return nullptr;
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const Named& known : kActivations) names.emplace_back(known.name);
  return names;
}

}  // namespace tagformer
