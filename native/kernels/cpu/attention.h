#pragma once

#include "kernels/cpu/kernels.h"

namespace tagformer::cpu::TAGFORMER_ISA {

template <typename T>
void attention_forward(const AttentionForward<T>&, float* workspace);
template <typename T>
void attention_backward(const AttentionBackward<T>&, float* workspace);
template <typename T>
void relative_attention_forward(const AttentionForward<T>&, const RelativePart<T>&, float* workspace);
template <typename T>
void relative_attention_backward(const AttentionBackward<T>&, const RelativePart<T>&,
                                 const RelativeGradients&, float* workspace);
template <typename T>
void disentangled_attention_forward(const AttentionForward<T>&, const DisentangledPart<T>&, float* workspace);
template <typename T>
void disentangled_attention_backward(const AttentionBackward<T>&, const DisentangledPart<T>&,
                                     const DisentangledGradients&, float* workspace);

}  // namespace tagformer::cpu::TAGFORMER_ISA
