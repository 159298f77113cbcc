#pragma once

#include "kernels/cpu/kernels.h"

namespace tagformer::cpu::TAGFORMER_ISA {

template <typename T>
void adamw(const AdamWStep&, float* parameter, const T* gradient, float* mean, float* square, float* average,
           bf16* shadow, std::int64_t count);
void round_to_bf16(const float* x, bf16* y, std::int64_t count);
template <typename T>
double sum_of_squares(const T* x, std::int64_t count);

}  // namespace tagformer::cpu::TAGFORMER_ISA
