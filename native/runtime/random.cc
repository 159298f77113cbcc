#include "runtime/random.h"

#include <cmath>
#include <numbers>
#include <utility>

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

/// Values drawn between two checks of the stop flag.
constexpr std::int64_t kStopInterval = 1 << 20;

/// Uniform in (0, 1].
double uniform(std::uint64_t bits) { return (static_cast<double>(bits >> 11) + 1.0) * 0x1.0p-53; }

/// Two independent normal numbers from two uniform ones (Box and Muller).
std::pair<double, double> normal_pair(std::uint64_t key, std::uint64_t counter) {
  const double radius = std::sqrt(-2.0 * std::log(uniform(mix(key ^ counter))));
  const double angle = 2.0 * std::numbers::pi * uniform(mix(key ^ (counter + 1)));
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

void fill_normal(float* values, std::int64_t count, double deviation, double cutoff, std::uint64_t seed,
                 std::uint64_t stream) {
  const std::uint64_t key = mix(mix(seed) ^ stream);
  for (std::int64_t i = 0; i < count; i += 2) {
    if (i % kStopInterval == 0) check_stop();
    const auto counter = static_cast<std::uint64_t>(i);
    auto [first, second] = normal_pair(key, counter);
    for (std::uint64_t again = key; std::abs(first) > cutoff;) {
      first = normal_pair(again = mix(again), counter).first;
    }
    for (std::uint64_t again = key; std::abs(second) > cutoff;) {
      second = normal_pair(again = mix(again), counter).second;
    }
    values[i] = static_cast<float>(first * deviation);
    if (i + 1 < count) values[i + 1] = static_cast<float>(second * deviation);
  }
}

}  // namespace tagformer
