// GELU(x + bias), forward and backward: x Phi(x), exact or with the tanh formula for Phi (Hendrycks & Gimpel
// 2016).
#include "kernels/cpu/rows.h"
#include "kernels/cpu/vector.h"

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

constexpr float kReciprocalRoot2 = 0.70710678118654752F;
constexpr float kReciprocalRoot2Pi = 0.39894228040143268F;
constexpr float kRoot2OverPi = 0.79788456080286536F;
constexpr float kCubic = 0.044715F;

/// The normal distribution function, and the derivative of its product with z.
struct Exact {
  TAGFORMER_INLINE Floats cdf(Floats z) { return error_function(z * kReciprocalRoot2) * 0.5F + 0.5F; }
  TAGFORMER_INLINE Floats slope(Floats z) {
    return cdf(z) + z * exponential(z * z * -0.5F) * kReciprocalRoot2Pi;
  }
};

/// (1 + tanh u) / 2 with u = sqrt(2 / pi) (z + 0.044715 z^3), written as 1 / (1 + e^-2u): nothing cancels.
struct Tanh {
  TAGFORMER_INLINE Floats exponent(Floats z) {
    return exponential(z * (z * z * kCubic + 1.0F) * (-2.0F * kRoot2OverPi));
  }
  TAGFORMER_INLINE Floats cdf(Floats z) { return 1.0F / (exponent(z) + 1.0F); }
  TAGFORMER_INLINE Floats slope(Floats z) {
    const Floats e = exponent(z);
    const Floats cdf = 1.0F / (e + 1.0F);
    // Beyond 12 the density is 0, which the square would outgrow. NaN stays NaN: see exponential().
    const Floats near = minimum(broadcast(12.0F), maximum(broadcast(-12.0F), z));
    // cdf e is 1 - cdf.
    const Floats density = cdf * e * cdf * (near * near * (3.0F * kCubic) + 1.0F) * (2.0F * kRoot2OverPi);
    return cdf + z * density;
  }
};

template <typename Form, typename T>
TAGFORMER_INLINE void forward(const T* x, const float* bias, T* y, std::int64_t rows, std::int64_t width) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      const std::int64_t left = lanes_left(j, width);
      const Floats z = load(x + i * width + j, left) + load(bias + j, left);
      store(y + i * width + j, z * Form::cdf(z), left);
    }
  }
}

template <typename Form, typename T>
TAGFORMER_INLINE void backward(const T* grad_y, const T* x, const float* bias, T* grad_x, float* grad_bias,
                               std::int64_t rows, std::int64_t width) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      const std::int64_t left = lanes_left(j, width);
      const Floats z = load(x + i * width + j, left) + load(bias + j, left);
      const Floats grad = load(grad_y + i * width + j, left) * Form::slope(z);
      store(grad_x + i * width + j, grad, left);
      store(grad_bias + j, load(grad_bias + j, left) + grad, left);
    }
  }
}

}  // namespace

template <typename T>
void gelu_forward(const T* x, const float* bias, T* y, std::int64_t rows, std::int64_t width) {
  forward<Exact>(x, bias, y, rows, width);
}

template <typename T>
void gelu_backward(const T* grad_y, const T* x, const float* bias, T* grad_x, float* grad_bias,
                   std::int64_t rows, std::int64_t width) {
  backward<Exact>(grad_y, x, bias, grad_x, grad_bias, rows, width);
}

template <typename T>
void tanh_gelu_forward(const T* x, const float* bias, T* y, std::int64_t rows, std::int64_t width) {
  forward<Tanh>(x, bias, y, rows, width);
}

template <typename T>
void tanh_gelu_backward(const T* grad_y, const T* x, const float* bias, T* grad_x, float* grad_bias,
                        std::int64_t rows, std::int64_t width) {
  backward<Tanh>(grad_y, x, bias, grad_x, grad_bias, rows, width);
}

template void gelu_forward(const float*, const float*, float*, std::int64_t, std::int64_t);
template void gelu_forward(const bf16*, const float*, bf16*, std::int64_t, std::int64_t);
template void gelu_backward(const float*, const float*, const float*, float*, float*, std::int64_t,
                            std::int64_t);
template void gelu_backward(const bf16*, const bf16*, const float*, bf16*, float*, std::int64_t,
                            std::int64_t);
template void tanh_gelu_forward(const float*, const float*, float*, std::int64_t, std::int64_t);
template void tanh_gelu_forward(const bf16*, const float*, bf16*, std::int64_t, std::int64_t);
template void tanh_gelu_backward(const float*, const float*, const float*, float*, float*, std::int64_t,
                                 std::int64_t);
template void tanh_gelu_backward(const bf16*, const bf16*, const float*, bf16*, float*, std::int64_t,
                                 std::int64_t);

}  // namespace tagformer::cpu::TAGFORMER_ISA
