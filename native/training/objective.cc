#include "training/objective.h"

#include <ATen/TensorOperators.h>

#include <string>
#include <utility>

#include "runtime/error.h"
#include "runtime/interruptible.h"
#include "runtime/random.h"

namespace tagformer {

Objective::Objective(const LoadedModel& model, LossOptions loss, Pooling pooling)
    : model_(model), loss_(std::move(loss)), pooling_(pooling) {
  const std::size_t given = loss_.positive_weights.size();
  if (given > 0 && std::cmp_not_equal(given, model.labels())) {
    throw Error("INVALID_OPTION", "found " + std::to_string(given) + " positive weights for " +
                                      std::to_string(model.labels()) + " labels");
  }
  positive_weights_ = positive_weights(loss_, model.device());
}

at::Tensor Objective::differentiate(const DeviceBatch& batch, const Mode& mode) const {
  const auto operations = model_.operations();
  const at::Tensor loss = loss_of(batch, mode);
  const Interruptible interruptible;
  loss.backward();
  return loss.detach().to(at::kDouble);
}

at::Tensor Objective::logits_of(const DeviceBatch& batch, const Mode& mode) const {
  at::Tensor logits = model_.model().logits(batch.batch, mode);
  if (!batch.text_of_windows.defined()) return logits;
  return pool_windows(logits, batch.text_of_windows, batch.labels.size(0), pooling_);
}

at::Tensor Objective::mean_loss_of(const at::Tensor& logits, const DeviceBatch& batch) const {
  return mean_loss(loss_, positive_weights_, logits, batch.labels, batch.weights, batch.labelled_count);
}

at::Tensor Objective::loss_of(const DeviceBatch& batch, const Mode& mode) const {
  const at::Tensor logits = logits_of(batch, mode);
  at::Tensor loss = mean_loss_of(logits, batch);
  if (loss_.r_drop == 0.0 || !mode.training) return loss;
  Mode again = mode;
  again.seed ^= stream_of("second drawing of dropout");
  const at::Tensor others = logits_of(batch, again);
  const at::Tensor mean = (loss + mean_loss_of(others, batch)) / 2.0;
  return mean + divergence(logits, others, batch.labels, batch.weights, batch.labelled_count) * loss_.r_drop;
}

}  // namespace tagformer
