// AdamW over all parameters of a model, with clipping.
#pragma once

#include <cstdint>
#include <memory>

#include "training/word_rows.h"
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

/// What became of a step.
struct Update {
  double loss;
  /// Global L2 norm of all gradients, before clipping.
  double gradient_norm;
  /// False when one of them was not finite: then no weight was changed.
  bool applied;
};

class AdamW {
 public:
  virtual ~AdamW() = default;
  AdamW(const AdamW&) = delete;
  AdamW& operator=(const AdamW&) = delete;

  /// Applies one update to what is not frozen, unless `loss` (`[]`, fp64) or the norm of the gradients is not
  /// finite. Throws Stopped before it begins, never after.
  Update step(double learning_rate, const at::Tensor& loss);

  /// Counts an update that was applied.
  Update counted(const Update& update);

  /// Updates applied so far.
  [[nodiscard]] std::int64_t steps() const { return steps_; }

 protected:
  AdamW(ParameterSet& parameters, const AdamWOptions& options);

  /// Applies the update that follows steps() others, or says that it must not be.
  virtual Update update(double learning_rate, const at::Tensor& loss) = 0;

  [[nodiscard]] const ParameterSet& parameters() const { return parameters_; }
  [[nodiscard]] const AdamWOptions& options() const { return options_; }

 private:
  ParameterSet& parameters_;
  AdamWOptions options_;
  std::int64_t steps_ = 0;
};

/// Over the CPU kernels. `words` may be null, and outlives it otherwise; its table is then updated by rows.
std::unique_ptr<AdamW> make_adamw(ParameterSet& parameters, const AdamWOptions& options, WordRows* words);

}  // namespace tagformer
