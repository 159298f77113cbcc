// AdamW over all parameters of a model, with clipping.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "training/gradients.h"
#include "training/lazy_rows.h"
#include "weights/parameters.h"

namespace tagformer {

struct AdamWOptions {
  double weight_decay, beta1, beta2, epsilon;
  /// True: epsilon is added to the root before the bias correction (the second form of Kingma and Ba 2015,
  /// section 2), as transformers' own AdamW did; false: after it, as PyTorch does.
  bool epsilon_before_correction;
  /// Global norm to which gradients are scaled down; 0: never.
  double max_gradient_norm;
  /// Steps over which the weights are averaged: the plain mean of the first so many, and an exponential one
  /// with that time constant from then on; 0: no average is kept.
  std::int64_t average_steps;
  /// Factors of the learning rate, by a parameter's index; 0: frozen.
  std::vector<double> factors;
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

  /// Sets a function that is called before an update writes to weights or moments; null: none.
  void set_before_update(std::function<void()> before) { before_update_ = std::move(before); }

  /// Applies one update to what is not frozen, unless `loss` (`[]`, fp64) or the norm of the gradients is not
  /// finite. Throws Stopped before it begins, never after.
  Update step(const Gradients& gradients, double learning_rate, const at::Tensor& loss);

  /// Updates applied so far.
  [[nodiscard]] std::int64_t steps() const { return steps_; }

  /// The table of word embeddings whose rows are looked up and updated one by one; its `table` is null where
  /// there is none.
  [[nodiscard]] virtual WordTable by_rows() const { return {}; }
  /// The rows of token ids as a leaf of the graph, for Batch::words; undefined where no table is kept by
  /// rows.
  virtual at::Tensor look_up(const at::Tensor& /*ids*/) { return {}; }
  /// Applies all deferred updates; call it before anything but the next step reads weights or moments.
  virtual void apply_pending() {}

  /// By a parameter's index; undefined where it is frozen; see apply_pending().
  [[nodiscard]] const std::vector<Moments>& moments() const { return moments_; }
  /// Exchanges the weights and their averages: called twice it changes nothing. No update may be pending.
  void exchange_averages();
  /// Goes on after `steps` updates that left the weights as they are now and `moments`, which are of the
  /// shapes, types and device of the present ones.
  void restore(std::vector<Moments> moments, std::int64_t steps);

 protected:
  AdamW(ParameterSet& parameters, AdamWOptions options);

  /// Applies the update that follows steps() others, or says that it must not be.
  virtual Update update(const Gradients& gradients, double learning_rate, const at::Tensor& loss) = 0;
  /// Takes over moments() and steps() after they were restored.
  virtual void restored() = 0;
  /// Counts an update that was applied.
  Update counted(const Update& update);

  [[nodiscard]] const ParameterSet& parameters() const { return parameters_; }
  [[nodiscard]] const AdamWOptions& options() const { return options_; }

 private:
  ParameterSet& parameters_;
  AdamWOptions options_;
  std::vector<Moments> moments_;
  std::function<void()> before_update_;
  std::int64_t steps_ = 0;
};

/// Over the CPU kernels. `words` is updated by rows where it has a table that is trained.
std::unique_ptr<AdamW> make_adamw(ParameterSet& parameters, AdamWOptions options, const WordTable& words);

}  // namespace tagformer
