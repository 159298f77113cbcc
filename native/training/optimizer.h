// AdamW over all parameters of a model, with clipping, in one pass.
#pragma once

#include <cstdint>

#include "weights/parameters.h"

namespace tagformer {

struct AdamWOptions {
  double weight_decay, beta1, beta2, epsilon;
  /// True: epsilon is added to the root before the bias correction (the second form of Kingma and Ba 2015,
  /// section 2), as transformers' own AdamW did; false: after it, as PyTorch does.
  bool epsilon_before_correction;
  /// Global norm to which gradients are scaled down; 0: never.
  double max_gradient_norm;
};

class AdamW {
 public:
  AdamW(ParameterSet& parameters, const AdamWOptions& options);

  /// Global L2 norm of all gradients.
  [[nodiscard]] double gradient_norm() const;

  /// Applies one update to what is not frozen. `norm` is gradient_norm().
  void step(double learning_rate, double norm);

  /// Updates applied so far.
  [[nodiscard]] std::int64_t steps() const { return steps_; }

 private:
  ParameterSet& parameters_;
  AdamWOptions options_;
  std::int64_t steps_ = 0;
};

}  // namespace tagformer
