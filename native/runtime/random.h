// Seeded normal numbers for fresh weights.
#pragma once

#include <cstdint>
#include <string_view>

namespace tagformer {

/// A stream number from a name: the 64-bit FNV-1a hash, the same everywhere (std::hash is not).
constexpr std::uint64_t stream_of(std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

/// Fills `count` floats with normal(0, deviation), drawn again where they are more than `cutoff` deviations
/// from 0. The numbers depend on seed, stream and index alone, and are the same with every compiler and
/// libtorch (std::normal_distribution is not).
void fill_normal(float* values, std::int64_t count, double deviation, double cutoff, std::uint64_t seed,
                 std::uint64_t stream);

}  // namespace tagformer
