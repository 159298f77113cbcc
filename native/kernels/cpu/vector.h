// Vectors of one register, in GCC's and Clang's portable notation, and the elementary functions on them.
//
// Included only by kernel sources, which are compiled for several instruction sets: everything here lives in
// a namespace named after the set, so that no function of a wider set is ever shared with a narrower one.
#pragma once

#include <cstdint>
#include <cstring>
#include <numbers>

#include "kernels/cpu/kernels.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC) || defined(__ARM_FEATURE_MATMUL_INT8)
#include <arm_neon.h>
#endif

#ifndef TAGFORMER_ISA
#error "compile with -DTAGFORMER_ISA=portable|avx2|avx512|avx512_bf16|avx512_amx|neon|neon_bf16"
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

/// Vector registers of the processor: as many accumulators, and a few operands, have a place in them.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif

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
//
// With AVX-512 a mask does it without a branch. Elsewhere whole registers have a path of their own: one copy
// of a length that is only known at run time would go through the stack.

#if defined(__AVX512F__)

TAGFORMER_INLINE __mmask16 mask_of(std::int64_t count) {
  return static_cast<__mmask16>(0xFFFFU >> static_cast<unsigned>(kLanes - count));
}

TAGFORMER_INLINE Floats load(const float* p, std::int64_t count = kLanes) {
  return reinterpret_cast<Floats>(_mm512_maskz_loadu_ps(mask_of(count), p));
}

TAGFORMER_INLINE Ints load_integers(const std::int32_t* p, std::int64_t count) {
  return reinterpret_cast<Ints>(_mm512_maskz_loadu_epi32(mask_of(count), p));
}

TAGFORMER_INLINE void store(float* p, Floats x, std::int64_t count = kLanes) {
  _mm512_mask_storeu_ps(p, mask_of(count), reinterpret_cast<__m512>(x));
}

TAGFORMER_INLINE Halves load_halves(const bf16* p, std::int64_t count) {
  return reinterpret_cast<Halves>(_mm256_maskz_loadu_epi16(mask_of(count), p));
}

TAGFORMER_INLINE void store_halves(bf16* p, Halves x, std::int64_t count) {
  _mm256_mask_storeu_epi16(p, mask_of(count), reinterpret_cast<__m256i>(x));
}

/// Writes the lowest byte of each lane.
TAGFORMER_INLINE void store_bytes(std::uint8_t* p, Ints x, std::int64_t count) {
  _mm_mask_storeu_epi8(p, mask_of(count), _mm512_maskz_cvtepi32_epi8(0xFFFFU, reinterpret_cast<__m512i>(x)));
}

#else

template <typename Vector, typename T>
TAGFORMER_INLINE Vector load_vector(const T* p, std::int64_t count) {
  Vector x{};
  if (count == kLanes) {
    std::memcpy(&x, p, sizeof(Vector));
  } else {
    std::memcpy(&x, p, static_cast<std::size_t>(count) * sizeof(T));
  }
  return x;
}

template <typename Vector, typename T>
TAGFORMER_INLINE void store_vector(T* p, const Vector& x, std::int64_t count) {
  if (count == kLanes) {
    std::memcpy(p, &x, sizeof(Vector));
  } else {
    std::memcpy(p, &x, static_cast<std::size_t>(count) * sizeof(T));
  }
}

TAGFORMER_INLINE Floats load(const float* p, std::int64_t count = kLanes) {
  return load_vector<Floats>(p, count);
}

TAGFORMER_INLINE Ints load_integers(const std::int32_t* p, std::int64_t count) {
  return load_vector<Ints>(p, count);
}

TAGFORMER_INLINE void store(float* p, Floats x, std::int64_t count = kLanes) { store_vector(p, x, count); }

TAGFORMER_INLINE Halves load_halves(const bf16* p, std::int64_t count) {
  return load_vector<Halves>(p, count);
}

TAGFORMER_INLINE void store_halves(bf16* p, Halves x, std::int64_t count) { store_vector(p, x, count); }

/// Writes the lowest byte of each lane.
TAGFORMER_INLINE void store_bytes(std::uint8_t* p, Ints x, std::int64_t count) {
  using Bytes = std::uint8_t __attribute__((vector_size(kBytes / 4)));
  store_vector(p, __builtin_convertvector(x, Bytes), count);
}

#endif

TAGFORMER_INLINE Floats load(const bf16* p, std::int64_t count = kLanes) {
  const Words w = __builtin_convertvector(load_halves(p, count), Words) << 16;
  return reinterpret_cast<Floats>(w);
}

/// Rounds to nearest, ties to even; NaN stays NaN.
TAGFORMER_INLINE void store(bf16* p, Floats x, std::int64_t count = kLanes) {
  const auto w = reinterpret_cast<Words>(x);
  const Words rounded = (w + 0x7FFFU + ((w >> 16) & 1U)) >> 16;
  const Words quiet_nan = (w >> 16) | 0x40U;
  store_halves(p, __builtin_convertvector((x == x) ? rounded : quiet_nan, Halves), count);
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
