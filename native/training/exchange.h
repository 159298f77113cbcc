// What the ranks of a training exchange in a step, so that the update of each is that of all.
#pragma once

#include <cstdint>
#include <memory>

#include "distributed/group.h"
#include "models/model.h"
#include "training/gradients.h"

namespace tagformer {

/// A rank's part of a step.
struct StepShare {
  /// Labelled values of the micro-batches of all ranks: what each loss is divided by.
  std::int64_t labelled_count;
  /// Number of this rank's first micro-batch among those of all.
  std::int64_t first_micro_batch;
  std::int64_t all_micro_batches;
  /// This rank wants to end after the step.
  bool stop;
};

/// What the micro-batches of all ranks came to.
struct StepSums {
  double loss;
  /// A rank wants to end: then all do.
  bool stop;
};

class Exchange {
 public:
  /// `ordered` as in Group::sum().
  Exchange(std::shared_ptr<Group> group, bool ordered) : group_(std::move(group)), ordered_(ordered) {}

  [[nodiscard]] Group& group() { return *group_; }

  /// Makes gradients the sums over all ranks. `loss` is the share of this rank's micro-batches.
  StepSums sum(Gradients& gradients, double loss, bool stop);
  /// Gives all ranks the buffers of rank 0: each module changes its own as it computes.
  void share_buffers(const Model& model);

 private:
  void sum_rows(RowGradients& rows, const at::Tensor& counts);

  std::shared_ptr<Group> group_;
  bool ordered_;
};

}  // namespace tagformer
