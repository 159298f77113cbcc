// Dropout masks from a counter-based generator, so that nothing is stored between forward and backward.
#pragma once

#include "kernels/cpu/vector.h"

namespace tagformer::cpu::TAGFORMER_ISA {

template <int kBits>
TAGFORMER_INLINE Words rotate(Words x) {
  return (x << kBits) | (x >> (32 - kBits));
}

template <int kFirst, int kSecond>
TAGFORMER_INLINE void mix(Words& a, Words& b, Words& c, Words& d) {
  a += b;
  b = rotate<kFirst>(b) ^ a;
  c += d;
  d = rotate<kSecond>(d) ^ c;
}

/// Threefry-4x32 with 20 rounds, one counter a lane (Salmon et al., "Parallel random numbers: as easy as 1,
/// 2, 3").
TAGFORMER_INLINE void threefry(const std::uint32_t key[4], Words (&x)[4]) {
  const std::uint32_t k[5] = {key[0], key[1], key[2], key[3],
                              0x1BD11BDAU ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  for (int i = 0; i < 4; ++i) x[i] += k[i];
#pragma GCC unroll 5
  for (std::uint32_t group = 0; group < 5; ++group) {
    if (group % 2 == 0) {
      mix<10, 26>(x[0], x[1], x[2], x[3]);
      mix<11, 21>(x[0], x[3], x[2], x[1]);
      mix<13, 27>(x[0], x[1], x[2], x[3]);
      mix<23, 5>(x[0], x[3], x[2], x[1]);
    } else {
      mix<6, 20>(x[0], x[1], x[2], x[3]);
      mix<17, 11>(x[0], x[3], x[2], x[1]);
      mix<25, 10>(x[0], x[1], x[2], x[3]);
      mix<18, 20>(x[0], x[3], x[2], x[1]);
    }
    for (std::uint32_t i = 0; i < 4; ++i) x[i] += k[(group + 1 + i) % 5];
    x[3] += group + 1;
  }
}

/// Elements that share one call of the generator: 16 counters of 4 words of 2 halves, whatever the register
/// width.
constexpr std::int64_t kMaskBlock = 128;

/// Factors (0 or `scale`) of the elements [block * 128, (block + 1) * 128) of one row of one plane (such as a
/// head).
TAGFORMER_INLINE void mask_block(const Dropout& dropout, std::uint32_t plane, std::uint32_t row,
                                 std::uint32_t block, float (&mask)[kMaskBlock]) {
  for (std::int64_t first = 0; first < 16; first += kLanes) {
    Words lane{};
    for (int i = 0; i < kLanes; ++i) lane[i] = static_cast<std::uint32_t>(first + i);
    Words x[4] = {lane + block * 16, Words{} + row, Words{} + plane, Words{}};
    threefry(dropout.key, x);
    for (std::int64_t word = 0; word < 4; ++word) {
      const Floats low = (x[word] & 0xFFFFU) >= dropout.threshold ? broadcast(dropout.scale) : Floats{};
      const Floats high = (x[word] >> 16) >= dropout.threshold ? broadcast(dropout.scale) : Floats{};
      store(mask + word * 32 + first, low);
      store(mask + word * 32 + 16 + first, high);
    }
  }
}

/// Factors of the elements from `begin`, a multiple of kMaskBlock, up to `end` of a row, at their index in
/// `mask`, which has room for whole blocks.
TAGFORMER_INLINE void mask_row(const Dropout& dropout, std::uint32_t plane, std::uint32_t row,
                               std::int64_t begin, std::int64_t end, float* mask) {
  for (std::int64_t at = begin; at < end; at += kMaskBlock) {
    mask_block(dropout, plane, row, static_cast<std::uint32_t>(at / kMaskBlock),
               reinterpret_cast<float (&)[kMaskBlock]>(mask[at]));
  }
}

}  // namespace tagformer::cpu::TAGFORMER_ISA
