// A training of a model in memory: from its start to its end, one step after the other.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/loaded_model.h"
#include "training/adamw.h"
#include "training/checkpoint.h"
#include "training/objective.h"
#include "training/schedule.h"
#include "training/step.h"

namespace tagformer {

/// How fast each part of a model learns: layers below the top more slowly, frozen ones not at all.
struct LayerRates {
  /// The head learns at the full rate, the top layer at this share of it, each layer below at this share of
  /// the one above (as BEiT's authors do, Bao et al. 2022), and the embeddings come after the first layer.
  double decay = 1.0;
  bool freeze_embeddings = false;
  /// Lowest layers that are frozen, and with them the embeddings.
  std::int64_t freeze_layers = 0;
  /// What the rate of the head is multiplied by.
  double head = 1.0;
};

struct TrainingOptions {
  AdamWOptions optimizer;
  Schedule schedule;
  /// Of dropout.
  std::uint64_t seed;
  bool dropout;
  LossOptions loss;
  /// How far word embeddings are moved for an adversarial pass, in L2 norm; 0: there is none.
  double adversarial = 0.0;
  /// How the windows of a text become one.
  Pooling pooling;
  LayerRates layers;
  /// What the bias of the layer whose rows are the labels begins as, `[labels]`; empty: as it is.
  std::vector<float> head_bias;
  /// Adds the gradients of the ranks in their order; see Group::sum().
  bool ordered = false;
};

struct StepResult {
  /// Number of this step, counted from 1.
  std::int64_t step;
  Update update;
  double learning_rate;
  /// As StepOutcome has them.
  std::int64_t parts;
  bool stop;
};

/// Where the weights are averaged, everything but the training reads the averages: they are put in the place
/// of the weights when a prediction or a file asks for those, and the next step puts the weights back.
///
/// Calls come from the thread of the model, which outlives it; at most one training of a model lives at a
/// time.
class TrainingRun {
 public:
  /// `group`: the ranks that train the model together; null: this process alone.
  TrainingRun(LoadedModel& model, TrainingOptions options, std::shared_ptr<Group> group);
  ~TrainingRun();
  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;

  /// Forward, loss, backward, clip, AdamW and schedule over all micro-batches together. A step that is
  /// stopped, or is not applied, changes no weight and no buffer: AdamW, once begun, runs to its end.
  /// Of several ranks each has its micro-batches, perhaps none, and its `share`; without one they are all.
  StepResult step(const std::vector<HostBatch>& micro_batches, std::optional<StepShare> share);
  /// Begins to write a checkpoint to `file` while the next steps compute; see CheckpointWriter. The writing
  /// before it must be over.
  void write_checkpoint(const std::string& file, CheckpointWriter::Done done);
  /// Stops a checkpoint that is being written.
  void abandon_checkpoint() { writer_.reset(); }
  /// Goes on after the `steps` that another training of the same model had made when write_checkpoint()
  /// wrote `tensors`; before the first step. Of several ranks, rank 0 reads them for all. Throws as
  /// read_checkpoint().
  void restore(const std::vector<TensorSource>& tensors, std::int64_t steps);
  /// Loss and gradients of one batch in evaluation mode (no dropout), without an update: for comparing with
  /// PyTorch.
  double compute_gradients(const HostBatch& batch);
  /// See weights_digest().
  [[nodiscard]] std::uint64_t weights_digest() const;
  /// A copy of the gradient that compute_gradients() left of a named tensor, in fp32.
  [[nodiscard]] std::vector<float> gradient(const std::string& name) const;

 private:
  /// The model's weights are the averages, or else those that are trained.
  void show_averages(bool averages);

  LoadedModel& model_;
  TrainingOptions options_;
  Objective objective_;
  std::unique_ptr<AdamW> optimizer_;
  bool shows_averages_ = false;
  Gradients gradients_;
  /// Null without other ranks.
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<StepRunner> runner_;
  /// Null before the first checkpoint.
  std::unique_ptr<CheckpointWriter> writer_;
};

}  // namespace tagformer
