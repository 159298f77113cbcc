// gelu(x + bias) = (x + bias) * Phi(x + bias), exact form, forward and backward.
#include "kernels/cpu/rows.h"
#include "kernels/cpu/vector.h"

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

constexpr float kReciprocalRoot2 = 0.70710678118654752F;
constexpr float kReciprocalRoot2Pi = 0.39894228040143268F;

TAGFORMER_INLINE Floats normal_cdf(Floats x) { return error_function(x * kReciprocalRoot2) * 0.5F + 0.5F; }

}  // namespace

template <typename T>
void gelu_forward(const T* x, const float* bias, T* y, std::int64_t rows, std::int64_t width) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      const std::int64_t left = lanes_left(j, width);
      const Floats z = load(x + i * width + j, left) + load(bias + j, left);
      store(y + i * width + j, z * normal_cdf(z), left);
    }
  }
}

template <typename T>
void gelu_backward(const T* grad_y, const T* x, const float* bias, T* grad_x, float* grad_bias, std::int64_t rows,
                   std::int64_t width) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      const std::int64_t left = lanes_left(j, width);
      const Floats z = load(x + i * width + j, left) + load(bias + j, left);
      const Floats density = exponential(z * z * -0.5F) * kReciprocalRoot2Pi;
      const Floats grad = load(grad_y + i * width + j, left) * (normal_cdf(z) + z * density);
      store(grad_x + i * width + j, grad, left);
      store(grad_bias + j, load(grad_bias + j, left) + grad, left);
    }
  }
}

template void gelu_forward(const float*, const float*, float*, std::int64_t, std::int64_t);
template void gelu_forward(const bf16*, const float*, bf16*, std::int64_t, std::int64_t);
template void gelu_backward(const float*, const float*, const float*, float*, float*, std::int64_t, std::int64_t);
template void gelu_backward(const bf16*, const bf16*, const float*, bf16*, float*, std::int64_t, std::int64_t);

}  // namespace tagformer::cpu::TAGFORMER_ISA
