#pragma once

#include "kernels/cpu/kernels.h"

namespace tagformer::cpu::TAGFORMER_ISA {

template <typename T>
void attention_forward(const AttentionForward<T>&, float* workspace);
template <typename T>
void attention_backward(const AttentionBackward<T>&, float* workspace);

}  // namespace tagformer::cpu::TAGFORMER_ISA
