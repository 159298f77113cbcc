// The learning rate over the steps of a run.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tagformer {

struct Schedule {
  double peak;
  /// True: linear decay to zero at `total_steps`; false: constant after the warm-up.
  bool decay;
  std::int64_t warmup_steps;
  std::int64_t total_steps;

  /// The rate of the step that follows `done` finished ones, as transformers' get_linear_schedule_with_warmup
  /// and get_constant_schedule_with_warmup give it.
  [[nodiscard]] double rate(std::int64_t done) const {
    if (done < warmup_steps)
      return peak * static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(1, warmup_steps));
    if (!decay) return peak;
    const auto left = static_cast<double>(total_steps - done);
    return peak *
           std::max(0.0, left / static_cast<double>(std::max<std::int64_t>(1, total_steps - warmup_steps)));
  }
};

}  // namespace tagformer
