#include "layers/norm.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/layer_norm.h>
#include <c10/core/InferenceMode.h>

#include "layers/aten_path.h"
#include "layers/dispatch.h"
#include "layers/operation.h"
#include "runtime/scratch.h"

namespace tagformer {
namespace {

/// Of rows, gamma and, each of them if there is one, a bias, other rows to add and beta.
struct ResidualNorm : Operation {
  ResidualNorm(const NormOptions& options, bool has_bias, bool has_residual, bool has_beta)
      : options(options), has_bias(has_bias), has_residual(has_residual), has_beta(has_beta) {}

  NormOptions options;
  bool has_bias, has_residual, has_beta;

  at::Tensor forward(const Tensors& inputs, Tensors& saved) const override {
    const at::Tensor& x = inputs[0];
    const at::Tensor& gamma = inputs[3];
    const std::int64_t rows = x.size(0);
    const std::int64_t width = x.size(1);
    at::Tensor y = scratch(x.sizes(), x.options());
    // Only the backward pass reads it.
    const at::Tensor normalised = c10::InferenceMode::is_enabled() ? at::Tensor() : at::empty_like(x);
    at::Tensor reciprocal_deviation = at::empty({rows}, x.options().dtype(at::kFloat));
    for_type(x, [&]<typename T> {
      for_rows(rows, [&](std::int64_t first, std::int64_t count) {
        const std::int64_t at = first * width;
        cpu::typed_kernels<T>().norm_forward({
            .x = elements<const T>(x) + at,
            .bias = elements<const float>(inputs[1]),
            .residual = has_residual ? elements<const T>(inputs[2]) + at : nullptr,
            .gamma = elements<const float>(gamma),
            .beta = elements<const float>(inputs[4]),
            .epsilon = static_cast<float>(options.epsilon),
            .y = elements<T>(y) + at,
            .normalised = normalised.defined() ? elements<T>(normalised) + at : nullptr,
            .reciprocal_deviation = elements<float>(reciprocal_deviation) + first,
            .width = width,
            .first_row = first,
            .rows = count,
            .dropout = options.dropout,
        });
      });
    });
    saved = {normalised, reciprocal_deviation, gamma};
    return y;
  }

  [[nodiscard]] Tensors backward(const Tensors& saved, const at::Tensor& grad_y,
                                 const std::vector<bool>&) const override {
    const at::Tensor& normalised = saved[0];
    const cpu::Dropout& dropout = options.dropout;
    const std::int64_t rows = normalised.size(0);
    const std::int64_t width = normalised.size(1);

    at::Tensor grad_x = at::empty_like(normalised);
    // Without dropout both gradients are the same tensor.
    const bool separate = has_residual && dropout.active();
    at::Tensor grad_residual = separate ? at::empty_like(normalised) : (has_residual ? grad_x : at::Tensor());
    // [block, gamma | beta | bias, width]
    at::Tensor sums = at::zeros({row_blocks(rows), 3, width}, normalised.options().dtype(at::kFloat));
    for_type(normalised, [&]<typename T> {
      for_row_blocks(rows, [&](std::int64_t block, std::int64_t first, std::int64_t count) {
        const std::int64_t at = first * width;
        float* const sum = elements<float>(sums) + block * 3 * width;
        cpu::typed_kernels<T>().norm_backward({
            .grad_y = elements<const T>(grad_y) + at,
            .normalised = elements<const T>(normalised) + at,
            .reciprocal_deviation = elements<const float>(saved[1]) + first,
            .gamma = elements<const float>(saved[2]),
            .grad_x = elements<T>(grad_x) + at,
            .grad_residual = separate ? elements<T>(grad_residual) + at : nullptr,
            .grad_gamma = sum,
            .grad_beta = sum + width,
            .grad_bias = has_bias ? sum + 2 * width : nullptr,
            .width = width,
            .first_row = first,
            .rows = count,
            .dropout = dropout,
        });
      });
    });
    const at::Tensor total = at::sum(sums, {0});
    return {grad_x, has_bias ? total[2] : at::Tensor(), grad_residual, total[0],
            has_beta ? total[1] : at::Tensor()};
  }
};

struct DropoutOperation : Operation {
  explicit DropoutOperation(const cpu::Dropout& dropout) : dropout(dropout) {}
  cpu::Dropout dropout;

  [[nodiscard]] at::Tensor apply_mask(const at::Tensor& x) const {
    at::Tensor y = at::empty_like(x);
    const std::int64_t width = x.size(1);
    for_type(x, [&]<typename T> {
      for_rows(x.size(0), [&](std::int64_t first, std::int64_t count) {
        const std::int64_t at = first * width;
        cpu::typed_kernels<T>().dropout(elements<const T>(x) + at, elements<T>(y) + at, first, count, width,
                                        dropout);
      });
    });
    return y;
  }

  at::Tensor forward(const Tensors& inputs, Tensors&) const override { return apply_mask(inputs[0]); }

  [[nodiscard]] Tensors backward(const Tensors&, const at::Tensor& grad_y,
                                 const std::vector<bool>&) const override {
    return {apply_mask(grad_y)};
  }
};

/// residual_norm in libtorch's operations, which make the sums over a row in fp32, as the kernels do. They
/// take gamma and beta in the number format of the rows.
at::Tensor aten_residual_norm(at::Tensor x, const std::optional<at::Tensor>& bias,
                              const std::optional<at::Tensor>& residual, const at::Tensor& gamma,
                              const std::optional<at::Tensor>& beta, const NormOptions& options) {
  const at::ScalarType type = x.scalar_type();
  if (bias) x = x.add(bias->to(type));
  x = aten_dropout(x, options.dropout);
  if (residual) x = residual->add(x);
  if (gamma.scalar_type() == type) return at::layer_norm(x, gamma.sizes(), gamma, beta, options.epsilon);
  return at::layer_norm(x.to(at::kFloat), gamma.sizes(), gamma, beta, options.epsilon).to(type);
}

}  // namespace

at::Tensor residual_norm(const at::Tensor& x, const std::optional<at::Tensor>& bias,
                         const std::optional<at::Tensor>& residual, const at::Tensor& gamma,
                         const std::optional<at::Tensor>& beta, const NormOptions& options) {
  if (!has_kernels(x)) return aten_residual_norm(x, bias, residual, gamma, beta, options);
  const at::Tensor rows = residual ? residual->contiguous() : at::Tensor();
  return apply(ResidualNorm(options, bias.has_value(), residual.has_value(), beta.has_value()),
               {x.contiguous(), bias.value_or(at::Tensor()), rows, gamma, beta.value_or(at::Tensor())});
}

at::Tensor norm(const at::Tensor& x, const Norm& parameters, double epsilon) {
  const auto beta = parameters.beta == nullptr ? std::nullopt : std::optional(parameters.beta->value);
  return residual_norm(x, std::nullopt, std::nullopt, parameters.gamma->value, beta, {epsilon, {}});
}

at::Tensor dropout(const at::Tensor& x, const cpu::Dropout& dropout) {
  if (!dropout.active()) return x;
  return has_kernels(x) ? apply(DropoutOperation(dropout), {x.contiguous()}) : aten_dropout(x, dropout);
}

}  // namespace tagformer
