// Kernels over the rows of a matrix: normalisation, activation, dropout.
#pragma once

#include "kernels/cpu/kernels.h"

namespace tagformer::cpu::TAGFORMER_ISA {

template <typename T>
void norm_forward(const NormForward<T>&);
template <typename T>
void norm_backward(const NormBackward<T>&);
template <typename T>
void gelu_forward(const T* x, const float* bias, T* y, std::int64_t rows, std::int64_t width);
template <typename T>
void gelu_backward(const T* grad_y, const T* x, const float* bias, T* grad_x, float* grad_bias,
                   std::int64_t rows, std::int64_t width);
template <typename T>
void tanh_gelu_forward(const T* x, const float* bias, T* y, std::int64_t rows, std::int64_t width);
template <typename T>
void tanh_gelu_backward(const T* grad_y, const T* x, const float* bias, T* grad_x, float* grad_bias,
                        std::int64_t rows, std::int64_t width);
template <typename T>
void dropout(const T* x, T* y, std::int64_t first_row, std::int64_t rows, std::int64_t width, const Dropout&);

}  // namespace tagformer::cpu::TAGFORMER_ISA
