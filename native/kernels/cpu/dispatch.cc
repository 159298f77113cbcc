// Chooses the kernels for this processor, once.
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "kernels/cpu/kernels.h"

namespace tagformer::cpu {

namespace portable {
extern const Kernels kTable;
}
#ifdef TAGFORMER_X86_KERNELS
namespace avx2 {
extern const Kernels kTable;
}
namespace avx512 {
extern const Kernels kTable;
}
namespace avx512_bf16 {
extern const Kernels kTable;
}
#endif

namespace {

/// What rounding up each piece of a workspace takes together.
constexpr std::int64_t kRounding = 256;

struct Choice {
  const Kernels* kernels;
  bool supported;
};

const Kernels& choose() {
#ifdef TAGFORMER_X86_KERNELS
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
  // Best first.
  const Choice choices[] = {
#ifdef TAGFORMER_X86_KERNELS
      {&avx512_bf16::kTable,
       avx512 && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni")},
      {&avx512::kTable, avx512},
      {&avx2::kTable, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
#endif
      {&portable::kTable, true},
  };
  const char* const wanted = std::getenv("TAGFORMER_ISA");
  for (const Choice& choice : choices) {
    if (wanted != nullptr && *wanted != '\0' && std::strcmp(wanted, choice.kernels->name) != 0) continue;
    if (choice.supported) return *choice.kernels;
  }
  throw std::runtime_error(
      "TAGFORMER_ISA is \"" + std::string(wanted) +
      "\", which this processor or build does not have; expected portable, avx2, avx512 or avx512_bf16");
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

template <>
const TypedKernels<float>& typed_kernels() {
  return kernels().f32;
}

template <>
const TypedKernels<bf16>& typed_kernels() {
  return kernels().b16;
}

std::int64_t attention_workspace(std::int64_t keys, std::int64_t head_dim) {
  // The backward pass takes most: three times keys x width, two times width x row length, and blocks of 32
  // queries: three of width, two of row length.
  const std::int64_t width = head_dim + 32;
  const std::int64_t length = keys + 144;
  return 3 * keys * width + 2 * width * length + 96 * width + 65 * length + kRounding;
}

std::int64_t relative_attention_workspace(std::int64_t keys, std::int64_t head_dim) {
  // Beyond plain attention: the encodings of 2 x keys distances three times, and blocks of 32 queries.
  const std::int64_t width = head_dim + 32;
  const std::int64_t distances = 2 * keys + 32;
  return attention_workspace(keys, head_dim) + 3 * width * distances + 32 * distances + 192 * width +
         kRounding;
}

std::int64_t disentangled_attention_workspace(std::int64_t keys, std::int64_t head_dim) {
  // Beyond plain attention: two tables of up to 2 x keys buckets with their gradients, one of them transposed
  // as well, and what blocks of 32 queries or keys give with the buckets that they meet.
  const std::int64_t width = head_dim + 32;
  return attention_workspace(keys, head_dim) + 5 * width * (2 * keys + 32) + 32 * (keys + 64) + 2048 +
         kRounding;
}

}  // namespace tagformer::cpu
