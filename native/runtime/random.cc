#include "runtime/random.h"

#include <cmath>
#include <numbers>

#include "runtime/stop.h"

namespace tagformer {
namespace {

/// The output function of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014), used as a hash of a counter.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// Values drawn between two looks at the stop flag.
constexpr std::int64_t kStopInterval = 1 << 20;

/// Uniform in (0, 1].
double uniform(std::uint64_t bits) { return (static_cast<double>(bits >> 11) + 1.0) * 0x1.0p-53; }

}  // namespace

void fill_normal(float* values, std::int64_t count, double deviation, std::uint64_t seed,
                 std::uint64_t stream) {
  const std::uint64_t key = mix(mix(seed) ^ stream);
  for (std::int64_t i = 0; i < count; i += 2) {
    if (i % kStopInterval == 0) check_stop();
    // Box and Muller's transform: two uniform numbers give two independent normal ones.
    const auto counter = static_cast<std::uint64_t>(i);
    const double radius = std::sqrt(-2.0 * std::log(uniform(mix(key ^ counter)))) * deviation;
    const double angle = 2.0 * std::numbers::pi * uniform(mix(key ^ (counter + 1)));
    values[i] = static_cast<float>(radius * std::cos(angle));
    if (i + 1 < count) values[i + 1] = static_cast<float>(radius * std::sin(angle));
  }
}

}  // namespace tagformer
