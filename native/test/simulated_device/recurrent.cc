// The fused cells of recurrent networks, which the CPU has not, in libtorch's operations: gates in CUDA's
// order, and a workspace of what the backward pass needs.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros_like.h>
#include <torch/library.h>

#include <optional>
#include <tuple>

namespace {

using OptionalTensor = std::optional<at::Tensor>;

at::Tensor with_bias(const at::Tensor& gates, const OptionalTensor& bias) {
  return bias && bias->defined() ? gates.add(*bias) : gates;
}

/// d sigmoid(x) of y = sigmoid(x).
at::Tensor through_sigmoid(const at::Tensor& grad, const at::Tensor& y) { return grad * y * (1 - y); }

/// d tanh(x) of y = tanh(x).
at::Tensor through_tanh(const at::Tensor& grad, const at::Tensor& y) { return grad * (1 - y * y); }

at::Tensor summed(const at::Tensor& grad, bool has_bias) { return has_bias ? grad.sum(0) : at::Tensor(); }

namespace lstm {

/// Gives the output, the cell, and the gates after their activations, `[rows, 4 * hidden]`.
std::tuple<at::Tensor, at::Tensor, at::Tensor> forward(const at::Tensor& input_gates,
                                                       const at::Tensor& hidden_gates, const at::Tensor& cx,
                                                       const OptionalTensor& input_bias,
                                                       const OptionalTensor& hidden_bias) {
  const auto gates = (with_bias(input_gates, input_bias) + with_bias(hidden_gates, hidden_bias)).chunk(4, 1);
  const at::Tensor in = at::sigmoid(gates[0]);
  const at::Tensor forget = at::sigmoid(gates[1]);
  const at::Tensor cell = at::tanh(gates[2]);
  const at::Tensor out = at::sigmoid(gates[3]);
  const at::Tensor cy = forget * cx + in * cell;
  return {out * at::tanh(cy), cy, at::cat({in, forget, cell, out}, 1)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(const OptionalTensor& grad_hy,
                                                        const OptionalTensor& grad_cy, const at::Tensor& cx,
                                                        const at::Tensor& cy, const at::Tensor& workspace,
                                                        bool has_bias) {
  const auto given = [&cx](const OptionalTensor& grad) {
    return grad && grad->defined() ? *grad : at::zeros_like(cx);
  };
  const auto gates = workspace.chunk(4, 1);
  const at::Tensor seen = at::tanh(cy);
  const at::Tensor grad_out = given(grad_hy);
  const at::Tensor grad_cell = given(grad_cy) + through_tanh(grad_out * gates[3], seen);
  const at::Tensor grad_gates =
      at::cat({through_sigmoid(grad_cell * gates[2], gates[0]), through_sigmoid(grad_cell * cx, gates[1]),
               through_tanh(grad_cell * gates[0], gates[2]), through_sigmoid(grad_out * seen, gates[3])},
              1);
  return {grad_gates, grad_cell * gates[1], summed(grad_gates, has_bias)};
}

}  // namespace lstm

namespace gru {

/// Gives the output, and the gates, the state before and the hidden part of the new one, `[rows, 5 *
/// hidden]`.
std::tuple<at::Tensor, at::Tensor> forward(const at::Tensor& input_gates, const at::Tensor& hidden_gates,
                                           const at::Tensor& hx, const OptionalTensor& input_bias,
                                           const OptionalTensor& hidden_bias) {
  const auto input = with_bias(input_gates, input_bias).chunk(3, 1);
  const auto hidden = with_bias(hidden_gates, hidden_bias).chunk(3, 1);
  const at::Tensor reset = at::sigmoid(input[0] + hidden[0]);
  const at::Tensor update = at::sigmoid(input[1] + hidden[1]);
  const at::Tensor fresh = at::tanh(input[2] + reset * hidden[2]);
  return {fresh + update * (hx - fresh), at::cat({reset, update, fresh, hx, hidden[2]}, 1)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> backward(const at::Tensor& grad_hy,
                                                                                const at::Tensor& workspace,
                                                                                bool has_bias) {
  const auto kept = workspace.chunk(5, 1);
  const at::Tensor grad_update = through_sigmoid(grad_hy * (kept[3] - kept[2]), kept[1]);
  const at::Tensor grad_fresh = through_tanh(grad_hy * (1 - kept[1]), kept[2]);
  const at::Tensor grad_reset = through_sigmoid(grad_fresh * kept[4], kept[0]);
  const at::Tensor grad_input = at::cat({grad_reset, grad_update, grad_fresh}, 1);
  const at::Tensor grad_hidden = at::cat({grad_reset, grad_update, grad_fresh * kept[0]}, 1);
  return {grad_input, grad_hidden, grad_hy * kept[1], summed(grad_input, has_bias),
          summed(grad_hidden, has_bias)};
}

}  // namespace gru

}  // namespace

TORCH_LIBRARY_IMPL(aten, CPU, library) {
  library.impl("_thnn_fused_lstm_cell", &lstm::forward);
  library.impl("_thnn_fused_lstm_cell_backward_impl", &lstm::backward);
  library.impl("_thnn_fused_gru_cell", &gru::forward);
  library.impl("_thnn_fused_gru_cell_backward", &gru::backward);
}
