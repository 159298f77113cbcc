// The table of this instruction set's kernels.
#include "kernels/cpu/attention.h"
#include "kernels/cpu/matmul.h"
#include "kernels/cpu/optimizer.h"
#include "kernels/cpu/rows.h"

#define TAGFORMER_TEXT_OF(name) #name
#define TAGFORMER_TEXT(name) TAGFORMER_TEXT_OF(name)

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

template <typename T>
constexpr TypedKernels<T> typed() {
  return {
      .attention_forward = attention_forward<T>,
      .attention_backward = attention_backward<T>,
      .relative_attention_forward = relative_attention_forward<T>,
      .relative_attention_backward = relative_attention_backward<T>,
      .disentangled_attention_forward = disentangled_attention_forward<T>,
      .disentangled_attention_backward = disentangled_attention_backward<T>,
      .norm_forward = norm_forward<T>,
      .norm_backward = norm_backward<T>,
      .per_unit = kPerUnit<T>,
      .multiply = multiply<T>,
      .pack_rows = pack_rows<T>,
      .pack_columns = pack_columns<T>,
      .pack_left = pack_left<T>,
      .multiply_bytes = multiply_bytes<T>,
      .quantise_rows = quantise_rows<T>,
      .quantise_panel = quantise_panel<T>,
      .gelu_forward = gelu_forward<T>,
      .gelu_backward = gelu_backward<T>,
      .tanh_gelu_forward = tanh_gelu_forward<T>,
      .tanh_gelu_backward = tanh_gelu_backward<T>,
      .dropout = dropout<T>,
      .sum_of_squares = sum_of_squares<T>,
      .adamw = adamw<T>,
  };
}

}  // namespace

extern const Kernels kTable;
constinit const Kernels kTable = {TAGFORMER_TEXT(TAGFORMER_ISA), typed<float>(), typed<bf16>(), kTiling,
                                  round_to_bf16};

}  // namespace tagformer::cpu::TAGFORMER_ISA
