// Chooses the kernels for this processor, once.
#if defined(TAGFORMER_ARM_KERNELS) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(TAGFORMER_AMX_KERNELS)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <cstdlib>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>

#include "kernels/cpu/kernels.h"

namespace tagformer::cpu {

#ifdef TAGFORMER_ARM_KERNELS
namespace neon {
extern const Kernels kTable;
}
namespace neon_bf16 {
extern const Kernels kTable;
}
#else
namespace portable {
extern const Kernels kTable;
}
#endif
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
#ifdef TAGFORMER_AMX_KERNELS
namespace avx512_amx {
extern const Kernels kTable;
}
#endif
#endif

namespace {

/// What rounding up each piece of a workspace takes together.
constexpr std::int64_t kRounding = 256;

struct Choice {
  const Kernels* kernels;
  bool supported;
};

#ifdef TAGFORMER_ARM_KERNELS
/// Products of bf16 pairs and of bytes, which come together from Armv8.6 on (Graviton 3, Neoverse N2 and V1).
bool has_arm_bf16() {
#ifdef __linux__
  constexpr unsigned long kInt8Products = 1UL << 13U;  // HWCAP2_I8MM of <asm/hwcap.h>
  constexpr unsigned long kBf16 = 1UL << 14U;          // HWCAP2_BF16
  const unsigned long found = getauxval(AT_HWCAP2);
  return (found & kInt8Products) != 0 && (found & kBf16) != 0;
#else
  return false;
#endif
}
#endif

#ifdef TAGFORMER_AMX_KERNELS
/// Whether the processor has a matrix unit, and Linux (5.16) lets this process use it: its registers take 8
/// KiB of every thread that does.
bool may_use_amx() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kBf16 = 1U << 22U;
  constexpr unsigned kTile = 1U << 24U;
  constexpr unsigned kInt8 = 1U << 25U;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  if ((d & kBf16) == 0 || (d & kTile) == 0 || (d & kInt8) == 0) return false;
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM of <asm/prctl.h>
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;  // NOLINT(*-vararg): POSIX's
}
#endif

/// Of the sets that this processor has: "avx512, avx2 or portable".
std::string names_of(std::span<const Choice> choices) {
  std::string names;
  std::string last;
  for (const Choice& choice : choices) {
    if (!choice.supported) continue;
    if (!last.empty()) names += (names.empty() ? "" : ", ") + last;
    last = choice.kernels->name;
  }
  return names.empty() ? last : names + " or " + last;
}

const Kernels& choose() {
#ifdef TAGFORMER_X86_KERNELS
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool has_bf16 =
      avx512 && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni");
#endif
  // Best first.
  const Choice choices[] = {
#ifdef TAGFORMER_X86_KERNELS
#ifdef TAGFORMER_AMX_KERNELS
      {&avx512_amx::kTable, has_bf16 && may_use_amx()},
#endif
      {&avx512_bf16::kTable, has_bf16},
      {&avx512::kTable, avx512},
      {&avx2::kTable, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")},
#endif
#ifdef TAGFORMER_ARM_KERNELS
      {&neon_bf16::kTable, has_arm_bf16()},
      {&neon::kTable, true},  // every 64-bit Arm processor has it
#else
      {&portable::kTable, true},
#endif
  };
  const char* const wanted = std::getenv("TAGFORMER_ISA");
  for (const Choice& choice : choices) {
    if (wanted != nullptr && *wanted != '\0' && std::strcmp(wanted, choice.kernels->name) != 0) continue;
    if (choice.supported) return *choice.kernels;
  }
  throw std::runtime_error("TAGFORMER_ISA is \"" + std::string(wanted) +
                           "\", which this processor or build does not have; expected " + names_of(choices));
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
