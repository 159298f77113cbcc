// One training step behind one interface, however it is given to the device.
#pragma once

#include <memory>
#include <vector>

#include "engine/loaded_model.h"
#include "training/adamw.h"
#include "training/exchange.h"
#include "training/objective.h"

namespace tagformer {

/// What steps are made of. All of it outlives the runner.
struct StepParts {
  LoadedModel& model;
  const Objective& objective;
  Gradients& gradients;
  AdamW& optimizer;
  /// Of dropout.
  std::uint64_t seed;
  bool dropout;
  /// How far word embeddings are moved for a second, adversarial backward pass; 0: there is none.
  double adversarial;
  /// With other ranks; null where there are none.
  Exchange* exchange;
};

/// One step.
struct StepInput {
  const std::vector<HostBatch>& micro_batches;
  StepShare share;
  double learning_rate;
};

struct StepOutcome {
  Update update;
  /// Parts in which the batch was computed: the micro-batches, or more where memory was short.
  std::int64_t parts;
  /// A rank wants to end after this step.
  bool stop;
};

class StepRunner {
 public:
  StepRunner() = default;
  virtual ~StepRunner() = default;
  StepRunner(const StepRunner&) = delete;
  StepRunner& operator=(const StepRunner&) = delete;

  /// Forward, loss, backward and update over all micro-batches together. Gradients are empty before it, and
  /// may be left behind, also when it throws.
  virtual StepOutcome run(const StepInput& input) = 0;
};

/// One operation after the other; a batch for which memory is short is computed in halves.
std::unique_ptr<StepRunner> make_direct_step(const StepParts& parts);

}  // namespace tagformer
