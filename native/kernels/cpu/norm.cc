// LayerNorm of residual + dropout(x + bias) in one pass over memory, forward and backward.
#include "kernels/cpu/mask.h"
#include "kernels/cpu/rows.h"

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

/// Walks a row in pieces that share one mask block.
template <typename Body>
TAGFORMER_INLINE void for_masked(const Dropout& dropout, std::uint32_t row, std::int64_t width, Body body) {
  alignas(64) float mask[kMaskBlock];
  for (std::int64_t block = 0; block < width; block += kMaskBlock) {
    if (dropout.active()) mask_block(dropout, 0, row, static_cast<std::uint32_t>(block / kMaskBlock), mask);
    const std::int64_t end = block + kMaskBlock < width ? block + kMaskBlock : width;
    for (std::int64_t j = block; j < end; j += kLanes) {
      const Floats factor = dropout.active() ? load(mask + (j - block)) : broadcast(1.0F);
      body(j, lanes_left(j, end), factor);
    }
  }
}

}  // namespace

template <typename T>
void norm_forward(const NormForward<T>& a) {
  const float per_width = 1.0F / static_cast<float>(a.width);
  // The row before normalisation in float: bf16 would lose the digits that the variance needs.
  alignas(64) float z[kMaxNormWidth];
  for (std::int64_t i = 0; i < a.rows; ++i) {
    const T* const x = a.x + i * a.width;
    const T* const residual = a.residual == nullptr ? nullptr : a.residual + i * a.width;
    Floats total{};
    for_masked(a.dropout, static_cast<std::uint32_t>(a.first_row + i), a.width,
               [&](std::int64_t j, std::int64_t left, Floats factor) {
                 Floats value = load(x + j, left);
                 if (a.bias != nullptr) value += load(a.bias + j, left);
                 value *= factor;
                 if (residual != nullptr) value += load(residual + j, left);
                 store(z + j, value, left);
                 total += value;
               });
    const float mean = sum(total) * per_width;
    Floats squares{};
    for (std::int64_t j = 0; j < a.width; j += kLanes) {
      const std::int64_t left = lanes_left(j, a.width);
      Floats centred = load(z + j, left) - mean;
      for (std::int64_t lane = left; lane < kLanes; ++lane) centred[lane] = 0.0F;
      squares += centred * centred;
    }
    const float reciprocal = 1.0F / __builtin_sqrtf(sum(squares) * per_width + a.epsilon);
    if (a.reciprocal_deviation != nullptr) a.reciprocal_deviation[i] = reciprocal;
    for (std::int64_t j = 0; j < a.width; j += kLanes) {
      const std::int64_t left = lanes_left(j, a.width);
      const Floats normalised = (load(z + j, left) - mean) * reciprocal;
      if (a.normalised != nullptr) store(a.normalised + i * a.width + j, normalised, left);
      Floats y = normalised * load(a.gamma + j, left);
      if (a.beta != nullptr) y += load(a.beta + j, left);
      store(a.y + i * a.width + j, y, left);
    }
  }
}

template <typename T>
void norm_backward(const NormBackward<T>& a) {
  const float per_width = 1.0F / static_cast<float>(a.width);
  for (std::int64_t i = 0; i < a.rows; ++i) {
    const T* const grad_y = a.grad_y + i * a.width;
    const T* const normalised = a.normalised + i * a.width;
    Floats sum_grad{};
    Floats sum_product{};
    for (std::int64_t j = 0; j < a.width; j += kLanes) {
      const std::int64_t left = lanes_left(j, a.width);
      const Floats grad = load(grad_y + j, left);
      const Floats x = load(normalised + j, left);
      store(a.grad_gamma + j, load(a.grad_gamma + j, left) + grad * x, left);
      store(a.grad_beta + j, load(a.grad_beta + j, left) + grad, left);
      const Floats scaled = grad * load(a.gamma + j, left);
      sum_grad += scaled;
      sum_product += scaled * x;
    }
    const float mean_grad = sum(sum_grad) * per_width;
    const float mean_product = sum(sum_product) * per_width;
    const float reciprocal = a.reciprocal_deviation[i];
    for_masked(a.dropout, static_cast<std::uint32_t>(a.first_row + i), a.width,
               [&](std::int64_t j, std::int64_t left, Floats factor) {
                 const Floats scaled = load(grad_y + j, left) * load(a.gamma + j, left);
                 const Floats grad =
                     (scaled - mean_grad - load(normalised + j, left) * mean_product) * reciprocal;
                 if (a.grad_residual != nullptr) store(a.grad_residual + i * a.width + j, grad, left);
                 const Floats grad_x = grad * factor;
                 store(a.grad_x + i * a.width + j, grad_x, left);
                 if (a.grad_bias != nullptr)
                   store(a.grad_bias + j, load(a.grad_bias + j, left) + grad_x, left);
               });
  }
}

template <typename T>
void dropout(const T* x, T* y, std::int64_t first_row, std::int64_t rows, std::int64_t width,
             const Dropout& rate) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for_masked(rate, static_cast<std::uint32_t>(first_row + i), width,
               [&](std::int64_t j, std::int64_t left, Floats factor) {
                 store(y + i * width + j, load(x + i * width + j, left) * factor, left);
               });
  }
}

template void norm_forward(const NormForward<float>&);
template void norm_forward(const NormForward<bf16>&);
template void norm_backward(const NormBackward<float>&);
template void norm_backward(const NormBackward<bf16>&);
template void dropout(const float*, float*, std::int64_t, std::int64_t, std::int64_t, const Dropout&);
template void dropout(const bf16*, bf16*, std::int64_t, std::int64_t, std::int64_t, const Dropout&);

}  // namespace tagformer::cpu::TAGFORMER_ISA
