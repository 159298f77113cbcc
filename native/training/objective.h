// What a training minimises: from a batch to its loss, and to gradients.
#pragma once

#include "engine/loaded_model.h"
#include "runtime/mode.h"
#include "training/loss.h"
#include "training/pooling.h"

namespace tagformer {

class Objective {
 public:
  /// Throws INVALID_OPTION when there are not as many positive weights as labels.
  Objective(const LoadedModel& model, LossOptions loss, Pooling pooling);

  /// Leaves a batch's gradients where autograd puts them, at the parameters' values and at Batch::words.
  /// Returns its share of the step's loss, `[]` in fp64.
  [[nodiscard]] at::Tensor differentiate(const DeviceBatch& batch, const Mode& mode) const;

 private:
  [[nodiscard]] at::Tensor logits_of(const DeviceBatch& batch, const Mode& mode) const;
  [[nodiscard]] at::Tensor mean_loss_of(const at::Tensor& logits, const DeviceBatch& batch) const;
  [[nodiscard]] at::Tensor loss_of(const DeviceBatch& batch, const Mode& mode) const;

  const LoadedModel& model_;
  LossOptions loss_;
  Pooling pooling_;
  at::Tensor positive_weights_;
};

}  // namespace tagformer
