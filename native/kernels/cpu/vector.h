// Vectors of one register, in GCC's and Clang's portable notation, and the elementary functions on them.
//
// Included only by kernel sources, which are compiled for several instruction sets: everything here lives in
// a namespace named after the set, so that no function of a wider set is ever shared with a narrower one.
#pragma once

#include <cstdint>
#include <cstring>
#include <numbers>

#include "kernels/cpu/kernels.h"

#ifndef TAGFORMER_ISA
#error "compile with -DTAGFORMER_ISA=portable|avx2|avx512|avx512_bf16"
#endif

namespace tagformer::cpu::TAGFORMER_ISA {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX2__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif
constexpr std::int64_t kLanes = kBytes / 4;

using Floats = float __attribute__((vector_size(kBytes)));
using Ints = std::int32_t __attribute__((vector_size(kBytes)));
using Words = std::uint32_t __attribute__((vector_size(kBytes)));
using Halves = std::uint16_t __attribute__((vector_size(kBytes / 2)));

#define TAGFORMER_INLINE static inline __attribute__((always_inline))

/// Subtracting nothing, unlike adding it, changes no number: the compiler leaves it out.
TAGFORMER_INLINE Floats broadcast(float x) { return x - Floats{}; }
TAGFORMER_INLINE Floats select(Ints condition, Floats yes, Floats no) { return condition ? yes : no; }
TAGFORMER_INLINE Floats minimum(Floats a, Floats b) { return a < b ? a : b; }
TAGFORMER_INLINE Floats maximum(Floats a, Floats b) { return a > b ? a : b; }

// Loads and stores of `count` elements, 1 to kLanes; missing lanes read as zero.

TAGFORMER_INLINE Floats load(const float* p, std::int64_t count = kLanes) {
  Floats x{};
  std::memcpy(&x, p, count == kLanes ? kBytes : static_cast<std::size_t>(count) * 4);
  return x;
}

TAGFORMER_INLINE Ints load_integers(const std::int32_t* p, std::int64_t count) {
  Ints x{};
  std::memcpy(&x, p, count == kLanes ? kBytes : static_cast<std::size_t>(count) * 4);
  return x;
}

TAGFORMER_INLINE void store(float* p, Floats x, std::int64_t count = kLanes) {
  std::memcpy(p, &x, count == kLanes ? kBytes : static_cast<std::size_t>(count) * 4);
}

TAGFORMER_INLINE Floats load(const bf16* p, std::int64_t count = kLanes) {
  Halves h{};
  std::memcpy(&h, p, count == kLanes ? kBytes / 2 : static_cast<std::size_t>(count) * 2);
  const Words w = __builtin_convertvector(h, Words) << 16;
  return reinterpret_cast<Floats>(w);
}

/// Rounds to nearest, ties to even; NaN stays NaN.
TAGFORMER_INLINE void store(bf16* p, Floats x, std::int64_t count = kLanes) {
  const auto w = reinterpret_cast<Words>(x);
  const Words rounded = (w + 0x7FFFU + ((w >> 16) & 1U)) >> 16;
  const Words quiet_nan = (w >> 16) | 0x40U;
  const Halves h = __builtin_convertvector((x == x) ? rounded : quiet_nan, Halves);
  std::memcpy(p, &h, count == kLanes ? kBytes / 2 : static_cast<std::size_t>(count) * 2);
}

TAGFORMER_INLINE float sum(Floats x) {
  float total = 0.0F;
  for (int i = 0; i < kLanes; ++i) total += x[i];
  return total;
}

TAGFORMER_INLINE float largest(Floats x) {
  float best = x[0];
  for (int i = 1; i < kLanes; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

/// e^x to about 1 ulp: x = n ln 2 + r, a polynomial for e^r (Cephes' expf coefficients), then 2^n into the
/// exponent.
TAGFORMER_INLINE Floats exponential(Floats x) {
  // x comes second, because that is what a comparison with NaN gives: NaN must stay NaN.
  x = minimum(broadcast(88.3F), maximum(broadcast(-87.3F), x));
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
  const Floats magic = broadcast(12582912.0F);
  const Floats n = (x * std::numbers::log2e_v<float> + magic) - magic;
  // NOLINTNEXTLINE(modernize-use-std-numbers): ln 2 in two parts, the first of few bits
  Floats r = x - n * 0.693359375F;
  r = r - n * -2.12194440e-4F;
  Floats p = broadcast(1.9875691500e-4F);
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const Ints power = (__builtin_convertvector(n, Ints) + 127) << 23;
  return p * reinterpret_cast<Floats>(power);
}

/// erf(x): a rational minimax approximation on [-4, 4], as in XLA and Eigen; error below 4e-7.
TAGFORMER_INLINE Floats error_function(Floats x) {
  x = minimum(maximum(x, broadcast(-4.0F)), broadcast(4.0F));
  const Floats s = x * x;
  Floats p = broadcast(-2.72614225801306e-10F);
  p = p * s + 2.77068142495902e-08F;
  p = p * s + -2.10102402082508e-06F;
  p = p * s + -5.69250639462346e-05F;
  p = p * s + -7.34990630326855e-04F;
  p = p * s + -2.95459980854025e-03F;
  p = p * s + -1.60960333262415e-02F;
  Floats q = broadcast(-1.45660718464996e-05F);
  q = q * s + -2.13374055278905e-04F;
  q = q * s + -1.68282697438203e-03F;
  q = q * s + -7.37332916720468e-03F;
  q = q * s + -1.42647390514189e-02F;
  return x * p / q;
}

TAGFORMER_INLINE Floats square_root(Floats x) {
  Floats y;
  for (int i = 0; i < kLanes; ++i) y[i] = __builtin_sqrtf(x[i]);
  return y;
}

TAGFORMER_INLINE std::int64_t lanes_left(std::int64_t at, std::int64_t end) {
  return end - at < kLanes ? end - at : kLanes;
}

}  // namespace tagformer::cpu::TAGFORMER_ISA
