#include "training/objective.h"

#include <string>
#include <utility>

#include "runtime/error.h"
#include "runtime/interruptible.h"

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

at::Tensor Objective::loss_of(const DeviceBatch& batch, const Mode& mode) const {
  at::Tensor logits = model_.model().logits(batch.batch, mode);
  if (batch.text_of_windows.defined()) {
    logits = pool_windows(logits, batch.text_of_windows, batch.labels.size(0), pooling_);
  }
  return mean_loss(loss_, positive_weights_, logits, batch.labels, batch.weights, batch.labelled_count);
}

}  // namespace tagformer
