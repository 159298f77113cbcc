// The learning rate over the steps of a run.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace tagformer {

/// What follows the warm-up.
enum class Decay {
  kNone,
  /// A straight line to zero at the last step.
  kLinear,
  /// Half a period of the cosine, from the peak to zero at the last step.
  kCosine,
};

struct Schedule {
  double peak;
  Decay decay;
  std::int64_t warmup_steps;
  std::int64_t total_steps;

  /// The rate of the step that follows `done` finished ones, as transformers'
  /// get_constant_schedule_with_warmup, get_linear_schedule_with_warmup and get_cosine_schedule_with_warmup
  /// give it.
  [[nodiscard]] double rate(std::int64_t done) const {
    if (done < warmup_steps)
      return peak * static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(1, warmup_steps));
    if (decay == Decay::kNone) return peak;
    const auto steps = static_cast<double>(std::max<std::int64_t>(1, total_steps - warmup_steps));
    const double left = std::max(0.0, static_cast<double>(total_steps - done) / steps);
    return peak * (decay == Decay::kLinear ? left : (1.0 - std::cos(std::numbers::pi * left)) / 2.0);
  }
};

}  // namespace tagformer
