#include "training/run.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/buffer_copy.h"
#include "runtime/error.h"
#include "training/aten_adamw.h"
#include "training/recorded_step.h"
#include "training/weights_digest.h"

namespace tagformer {
namespace {

/// Factors of the learning rate, by a parameter's index; 0 freezes.
std::vector<double> factors_of(const ParameterSet& parameters, const LayerRates& rates) {
  const std::int64_t layers = parameters.layers();
  if (rates.freeze_layers > layers) {
    throw Error("INVALID_OPTION", "option freezeLayers is " + std::to_string(rates.freeze_layers) +
                                      ", but the model has " + std::to_string(layers) + " layers");
  }
  if (rates.decay != 1.0 && layers == 0) {
    throw Error("INVALID_OPTION", "option layerDecay is " + std::to_string(rates.decay) +
                                      ", but the names of the model's parameters do not say which layer they "
                                      "belong to; leave it at 1");
  }
  const auto is_frozen = [&](std::int64_t depth) {
    return depth <= rates.freeze_layers &&
           (rates.freeze_layers > 0 || (rates.freeze_embeddings && depth == kBelowLayers));
  };
  std::vector<double> factors;
  for (const auto& parameter : parameters.all()) {
    const std::int64_t depth = std::min(parameter->depth, layers + 1);
    const double rate = std::pow(rates.decay, static_cast<double>(layers + 1 - depth));
    factors.push_back(is_frozen(depth) ? 0.0 : rate * (parameter->head ? rates.head : 1.0));
  }
  return factors;
}

void set_head_bias(const ParameterSet& parameters, const std::vector<float>& bias) {
  const at::NoGradGuard no_gradients;
  for (const auto& parameter : parameters.all()) {
    if (!parameter->scores || parameter->role != Role::kVector) continue;
    if (std::cmp_not_equal(bias.size(), parameter->master.numel())) {
      throw Error("INVALID_OPTION", "found " + std::to_string(bias.size()) + " biases for " +
                                        std::to_string(parameter->master.numel()) + " labels");
    }
    parameter->master.copy_(at::tensor(bias));
    if (parameter->has_copy()) parameter->value.copy_(parameter->master);
  }
}

void check_adversarial(const Model& model, const TrainingOptions& options) {
  if (options.adversarial == 0.0) return;
  const Parameter* const table = model.words().table;
  if (table != nullptr && options.optimizer.factors[table->index] > 0.0) return;
  throw Error("INVALID_OPTION", table == nullptr
                                    ? "option fgm: a TorchScript module's word embeddings are not known"
                                    : "option fgm: the word embeddings are frozen, and have no gradient");
}

/// Makes the weights ready: whole, in fp32, and with gradients for what is to be trained.
LoadedModel& prepare_weights(LoadedModel& model, TrainingOptions& options) {
  ParameterSet& parameters = model.parameters();
  if (parameters.precision() == Precision::kInt8) {
    throw Error("INVALID_OPTION", "int8 is for prediction; train in fp32 or bf16");
  }
  options.optimizer.factors = factors_of(parameters, options.layers);
  model.restore_weights();
  parameters.keep_masters();
  if (!options.head_bias.empty()) set_head_bias(parameters, options.head_bias);
  check_adversarial(model.model(), options);
  for (const auto& parameter : parameters.all()) {
    const bool frozen = options.optimizer.factors[parameter->index] == 0.0;
    parameter->value.requires_grad_(parameter->trainable && !frozen);
  }
  return model;
}

std::unique_ptr<AdamW> make_optimizer(LoadedModel& model, const AdamWOptions& options) {
  if (model.has_kernels()) return make_adamw(model.parameters(), options, model.model().words());
  return std::make_unique<AtenAdamW>(model.parameters(), options, model.device());
}

std::unique_ptr<StepRunner> make_runner(const StepParts& parts) {
  std::unique_ptr<StepRunner> direct = make_direct_step(parts);
  auto* const optimizer = dynamic_cast<AtenAdamW*>(&parts.optimizer);
  if (parts.exchange != nullptr || parts.adversarial > 0.0 || !parts.model.records_steps() ||
      optimizer == nullptr || !optimizer->repeats_itself())
    return direct;
  return make_recorded_step(parts, *optimizer, std::move(direct));
}

std::unique_ptr<Exchange> make_exchange(const LoadedModel& model, std::shared_ptr<Group> group,
                                        bool ordered) {
  if (group == nullptr) return nullptr;
  if (model.sums_by_nccl()) group->use_nccl();
  return std::make_unique<Exchange>(std::move(group), ordered);
}

}  // namespace

TrainingRun::TrainingRun(LoadedModel& model, TrainingOptions options, std::shared_ptr<Group> group)
    : model_(model),
      options_(std::move(options)),
      objective_(model, options_.loss, options_.pooling),
      optimizer_(make_optimizer(prepare_weights(model, options_), options_.optimizer)),
      gradients_(model.parameters(), optimizer_->by_rows(), model.has_kernels()),
      exchange_(make_exchange(model, std::move(group), options_.ordered)),
      runner_(make_runner({model, objective_, gradients_, *optimizer_, options_.seed, options_.dropout,
                           options_.adversarial, exchange_.get()})) {
  model_.set_pending_updates([this] {
    optimizer_->apply_pending();
    show_averages(true);
  });
  optimizer_->set_before_update([this] {
    if (writer_ != nullptr) writer_->detach();
  });
}

TrainingRun::~TrainingRun() { model_.set_pending_updates(nullptr); }

void TrainingRun::show_averages(bool averages) {
  if (shows_averages_ == averages) return;
  optimizer_->exchange_averages();
  shows_averages_ = averages;
}

StepResult TrainingRun::step(const std::vector<HostBatch>& micro_batches, std::optional<StepShare> given) {
  StepShare share{.labelled_count = 0,
                  .first_micro_batch = 0,
                  .all_micro_batches = static_cast<std::int64_t>(micro_batches.size()),
                  .stop = false};
  for (const HostBatch& batch : micro_batches) {
    check_labels(batch, model_.labels());
    share.labelled_count += count_labelled(batch);
  }
  share = given.value_or(share);
  if (share.labelled_count == 0) {
    throw Error("INVALID_DATA", "no row of the batch has a label: nothing can be learned from it");
  }
  show_averages(false);
  const std::int64_t done = optimizer_->steps();
  if (exchange_ != nullptr) exchange_->group().set_activity("step " + std::to_string(done + 1));
  const double learning_rate = options_.schedule.rate(done);
  // compute_gradients leaves its gradients to be read; they are no part of this step.
  gradients_.clear();
  const BufferCopy before(model_.model());
  try {
    const StepOutcome outcome = runner_->run({micro_batches, share, learning_rate});
    gradients_.clear();
    if (!outcome.update.applied) before.put_back();
    return {done + 1, outcome.update, learning_rate, outcome.parts, outcome.stop};
  } catch (...) {
    gradients_.clear();
    before.put_back();
    throw;
  }
}

void TrainingRun::write_checkpoint(const std::string& file, CheckpointWriter::Done done) {
  if (writer_ != nullptr && !writer_->done()) {
    throw Error("INTERNAL", "a checkpoint of this training is being written");
  }
  model_.restore_weights();
  show_averages(false);
  writer_ = std::make_unique<CheckpointWriter>(checkpoint_tensors(model_.model(), optimizer_->moments()),
                                               file, std::move(done));
  // What is recorded writes to the weights without asking.
  if (model_.records_steps()) writer_->detach();
}

void TrainingRun::restore(const std::vector<TensorSource>& tensors, std::int64_t steps) {
  if (optimizer_->steps() > 0) throw Error("INTERNAL", "this training has begun");
  show_averages(false);
  if (exchange_ == nullptr)
    return optimizer_->restore(read_checkpoint(tensors, model_.model(), optimizer_->moments()), steps);
  Group& group = exchange_->group();
  group.set_activity("sharing the checkpoint");
  const bool reads = group.rank() == 0;
  optimizer_->restore(share_checkpoint(group, model_.model(),
                                       reads ? read_checkpoint(tensors, model_.model(), optimizer_->moments())
                                             : optimizer_->moments()),
                      steps);
}

std::uint64_t TrainingRun::weights_digest() const {
  model_.restore_weights();
  return tagformer::weights_digest(model_.parameters());
}

double TrainingRun::compute_gradients(const HostBatch& batch) {
  gradients_.clear();
  check_labels(batch, model_.labels());
  model_.restore_weights();
  show_averages(false);
  const DeviceBatch prepared = model_.prepare(batch, count_labelled(batch));
  const at::Tensor loss = objective_.differentiate(prepared, {});
  gradients_.add_from_autograd(/*more_follow=*/false);
  return loss.item<double>();
}

std::vector<float> TrainingRun::gradient(const std::string& name) const {
  const auto [parameter, part] = model_.parameters().named(name);
  const at::Tensor& gradient = gradients_.of(*parameter);
  if (gradient.defined()) return part->copy_of(gradient);
  return std::vector<float>(static_cast<std::size_t>(part->count), 0.0F);
}

}  // namespace tagformer
