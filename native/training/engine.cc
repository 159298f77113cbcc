#include "training/engine.h"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "layers/flash_attention.h"
#include "layers/prepack.h"
#include "models/torchscript.h"
#include "runtime/error.h"
#include "runtime/interruptible.h"
#include "runtime/memory.h"
#include "runtime/random.h"
#include "runtime/stop.h"
#include "training/halves.h"

namespace tagformer {
namespace {

std::vector<float> to_vector(const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  const auto* const first = values.const_data_ptr<float>();
  return {first, first + values.numel()};
}

std::unique_ptr<Model> build(ModelSpec& spec) {
  if (spec.script.empty()) return make_model(std::move(spec.config), spec.labels, spec.precision);
  auto model = make_torchscript(spec.script, std::move(spec.config), spec.precision);
  if (model->outputs() != spec.labels) {
    throw Error("INVALID_MODEL",
                spec.script + " gives " + std::to_string(model->outputs()) +
                    " scores a text, but there are " + std::to_string(spec.labels) +
                    " labels: a module cannot be given another head; trace one with as many");
  }
  return model;
}

std::vector<float> copy_part(const at::Tensor& tensor, const Parameter::Part& part) {
  return to_vector(tensor.detach().contiguous().flatten().narrow(0, part.begin, part.count));
}

/// A model that is elsewhere comes to the CPU while this lives: what is written there loads everywhere.
class OnCpu {
 public:
  OnCpu(Model& model, c10::Device home) : model_(model), home_(home) {
    if (!home_.is_cpu()) model_.to(c10::Device(c10::kCPU));
  }
  ~OnCpu() {
    if (!home_.is_cpu()) model_.to(home_);
  }
  OnCpu(const OnCpu&) = delete;
  OnCpu& operator=(const OnCpu&) = delete;

 private:
  Model& model_;
  c10::Device home_;
};

/// A batch of one text, several times.
BatchData repeated(const std::vector<std::int32_t>& ids, const std::vector<std::int32_t>& types,
                   std::int64_t times) {
  BatchData batch;
  batch.offsets.push_back(0);
  for (std::int64_t i = 0; i < times; ++i) {
    batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
    batch.types.insert(batch.types.end(), types.begin(), types.end());
    batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
  }
  return batch;
}

}  // namespace

Engine::Engine(ModelSpec spec)
    : wanted_(experiments_named(spec.experiments)),
      placement_(choose_device(spec.device)),
      model_(build(spec)),
      form_(choose_form(spec)),
      graphs_(wanted_.graphs && form_ != Form::kRagged && spec.script.empty()),
      labels_(spec.labels) {
  if (spec.precision == Precision::kInt8 && (form_ != Form::kRagged || !spec.script.empty())) {
    throw Error("INVALID_OPTION", "int8 is for models of the native architectures on the CPU");
  }
  if (spec.script.empty()) {
    const bool at_once = form_ == Form::kRagged && !spec.training;
    const auto read = [&](const RowSource& rows, Parameter& parameter) {
      return at_once && prepack_from(rows, parameter, spec.precision);
    };
    const auto filled = [&](Parameter& parameter) {
      if (at_once) prepack(parameter, spec.precision);
    };
    report_ = load_parameters(model_->parameters(), spec.tensors, model_->prefix(),
                              model_->initial_deviation(), spec.seed, {.read = read, .filled = filled});
  }
  if (!placement_.device.is_cpu()) model_->to(placement_.device);
  if (form_ == Form::kPacked) experiments_.emplace_back("flash");
  if (graphs_) experiments_.emplace_back("graphs");
  if (placement_.device.is_cpu()) return;
  if (wanted_.tf32) {
    allow_tf32();
    experiments_.emplace_back("tf32");
  }
  if (wanted_.deterministic) {
    compute_deterministically();
    experiments_.emplace_back("deterministic");
  }
}

std::string Engine::device_note() const {
  if (experiments_.empty()) return placement_.note;
  std::string note = placement_.note + (placement_.note.empty() ? "" : "; ") + "experimental:";
  for (const std::string& name : experiments_) note += " " + name;
  return note;
}

Engine::Form Engine::choose_form(const ModelSpec& spec) const {
  const c10::Device device = placement_.device;
  if (device.is_cpu() && !spec.dense) return Form::kRagged;
  if (!wanted_.flash || !model_->takes_packed()) return Form::kDense;
  // The kernels know no fp32; where the CPU has any, they are a test's, which takes all.
  const bool fits = device.is_cpu() || spec.precision == Precision::kBfloat16;
  return fits && has_flash_attention(device.type()) ? Form::kPacked : Form::kDense;
}

std::optional<PlainOperations> Engine::operations() const {
  return form_ != Form::kRagged ? std::optional<PlainOperations>(std::in_place) : std::nullopt;
}

Batch Engine::to_batch(const BatchData& data) const { return examples_of(data, std::nullopt).batch; }

Examples Engine::examples_of(const BatchData& data, std::optional<std::int64_t> labelled) const {
  Examples examples = tagformer::examples_of(data, model_->limits(), labels_, labelled);
  return form_ == Form::kRagged ? examples : on_device(in_form(std::move(examples)), placement_.device);
}

Examples Engine::in_form(Examples examples) const {
  examples.batch = form_ == Form::kPacked ? examples.batch.packed() : model_->dense(examples.batch);
  return examples;
}

std::vector<float> Engine::predict(const BatchData& data) const {
  const c10::InferenceMode inference;
  const auto plain = operations();
  const Scratch::Use reuse(scratch_);
  settle();
  // Between the steps of a training the weights change too often to be packed for good.
  if (form_ == Form::kRagged && optimizer_ == nullptr) prepack(model_->parameters());
  try {
    return to_vector(model_->logits(to_batch(data), {}));
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error) || count_texts(data) < 2) throw;
  }
  // Not in the catch clause: the exception keeps tensors alive.
  scratch_.clear();
  const auto [first, second] = halves(data, /*labels=*/0);
  std::vector<float> logits = predict(first);
  const std::vector<float> others = predict(second);
  logits.insert(logits.end(), others.begin(), others.end());
  return logits;
}

Attribution Engine::attribute(const BatchData& text, const std::vector<std::int32_t>& baseline,
                              const AttributionOptions& options) const {
  if (options.label < 0 || options.label >= labels_) {
    throw Error("INVALID_OPTION", "there is no label " + std::to_string(options.label));
  }
  if (text.offsets.size() != 2 || baseline.size() != text.ids.size()) {
    throw Error("INVALID_DATA", "expected one text, and a baseline of the same length");
  }
  const auto plain = operations();
  settle_all();
  const auto repeat = [&](const std::vector<std::int32_t>& ids) {
    return [&](std::int64_t times) { return to_batch(repeated(ids, text.types, times)); };
  };
  return integrated_gradients(*model_, repeat(text.ids), repeat(baseline), options);
}

void Engine::start_training(const TrainingOptions& options) {
  const std::vector<float>& positive = options.loss.positive_weights;
  if (!positive.empty() && std::cmp_not_equal(positive.size(), labels_)) {
    throw Error("INVALID_OPTION", "found " + std::to_string(positive.size()) + " positive weights for " +
                                      std::to_string(labels_) + " labels");
  }
  if (model_->parameters().precision() == Precision::kInt8) {
    throw Error("INVALID_OPTION", "int8 is for prediction; train in fp32 or bf16");
  }
  settle_all();
  training_ = options;
  model_->parameters().keep_masters();
  set_rates(options.rates);
  positive_weights_ = positive_weights(options.loss, placement_.device);
  recorded_.reset();
  plain_optimizer_ = nullptr;
  words_.reset();
  if (form_ == Form::kRagged) {
    const WordTable table = model_->words();
    if (table.table != nullptr && table.table->value.requires_grad()) {
      words_ = std::make_unique<WordRows>(table);
    }
    optimizer_ = make_adamw(model_->parameters(), options.optimizer, words_.get());
    return;
  }
  auto optimizer = std::make_unique<PlainAdamW>(model_->parameters(), options.optimizer, placement_.device);
  plain_optimizer_ = optimizer.get();
  optimizer_ = std::move(optimizer);
  if (graphs_ && plain_optimizer_->repeats_itself()) make_recorded_steps();
}

void Engine::make_recorded_steps() {
  recorded_ = std::make_unique<RecordedSteps>(
      placement_.device,
      [this](const Examples& examples, const at::Tensor& rate) { return whole_step(examples, rate); });
}

void Engine::set_rates(const std::vector<std::pair<std::string, double>>& rates) {
  for (const auto& parameter : model_->parameters().all()) parameter->rate = 1.0;
  for (const auto& [name, rate] : rates) {
    Parameter* const parameter = model_->parameters().find(name).first;
    if (parameter == nullptr) throw Error("INVALID_OPTION", "the model has no parameter named " + name);
    parameter->rate = rate;
  }
  for (const auto& parameter : model_->parameters().all()) {
    parameter->value.requires_grad_(parameter->trainable && parameter->rate > 0.0);
  }
}

void Engine::settle() const {
  if (words_ != nullptr) words_->settle();
}

void Engine::settle_all() const {
  settle();
  unpack(model_->parameters());
}

void Engine::clear_gradients() {
  model_->parameters().clear_gradients();
  if (words_ != nullptr) words_->clear_gradient();
}

at::Tensor Engine::loss_of(const Examples& examples, std::int64_t texts, const Mode& mode) const {
  at::Tensor logits = model_->logits(examples.batch, mode);
  if (examples.text_of_windows.defined()) {
    logits = pool_windows(logits, examples.text_of_windows, texts, training_.pooling);
  }
  return mean_loss(training_.loss, positive_weights_, logits, examples.labels, examples.weights,
                   examples.labelled);
}

at::Tensor Engine::backward(const BatchData& data, const Mode& mode, std::int64_t labelled, WordRows* words) {
  const auto plain = operations();
  Examples examples = examples_of(data, labelled);
  if (words != nullptr) examples.batch.words = words->look_up(examples.batch.ids);
  const at::Tensor loss = loss_of(examples, count_texts(data), mode);
  const Interruptible interruptible;
  loss.backward();
  if (words != nullptr) words->add_gradient(examples.batch.ids, examples.batch.words);
  return loss.detach().to(at::kDouble);
}

at::Tensor Engine::whole_step(const Examples& examples, const at::Tensor& learning_rate) {
  const auto plain = operations();
  ParameterSet& parameters = model_->parameters();
  const Mode mode{.training = training_.dropout};
  const at::Tensor loss = loss_of(examples, examples.labels.size(0), mode);
  {
    const Interruptible interruptible;
    loss.backward();
  }
  parameters.collect_gradients(/*more_follow=*/false);
  const at::Tensor seen = plain_optimizer_->enqueue(learning_rate, loss.detach().to(at::kDouble));
  parameters.clear_gradients();
  return seen;
}

std::optional<Update> Engine::recorded_step(const BatchData& data, double learning_rate,
                                            std::int64_t labelled) {
  const Examples examples = in_form(tagformer::examples_of(data, model_->limits(), labels_, labelled));
  const std::uint64_t seed =
      stream_of("step " + std::to_string(training_.seed) + " " + std::to_string(optimizer_->steps()));
  try {
    const at::Tensor seen = recorded_->run(examples, learning_rate, seed);
    if (seen.defined()) return plain_optimizer_->take(seen);
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
    make_recorded_steps();  // gives back the memory of all recordings
  }
  model_->parameters().clear_gradients();
  return std::nullopt;
}

at::Tensor Engine::accumulate(const BatchData& data, Mode mode, std::int64_t labelled, bool more_follow,
                              std::int64_t& parts) {
  bool enough_memory = true;
  at::Tensor loss;
  try {
    loss = backward(data, mode, labelled, words_.get());
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error) || count_texts(data) == 1) throw;
    enough_memory = false;
  }
  // Not in the catch clause: the exception keeps tensors alive.
  if (!enough_memory) {
    model_->parameters().drop_fresh_gradients();
    const auto [first, second] = halves(data, labels_);
    loss = accumulate(first, mode, labelled, /*more_follow=*/true, parts);
    mode.micro_batch = static_cast<std::uint32_t>(parts++);
    return loss.add(accumulate(second, mode, labelled, /*more_follow=*/true, parts));
  }
  model_->parameters().collect_gradients(more_follow);
  return loss;
}

Update Engine::step_over(const std::vector<BatchData>& micro_batches, std::int64_t labelled,
                         StepResult& result) {
  at::Tensor loss;
  for (std::size_t i = 0; i < micro_batches.size(); ++i) {
    const Mode mode{.training = training_.dropout,
                    .seed = training_.seed,
                    .step = static_cast<std::uint32_t>(result.step - 1),
                    .micro_batch = static_cast<std::uint32_t>(i)};
    const at::Tensor part =
        accumulate(micro_batches[i], mode, labelled, micro_batches.size() > 1, result.parts);
    loss = loss.defined() ? loss.add(part) : part;
  }
  return optimizer_->step(result.learning_rate, loss);
}

StepResult Engine::train_step(const std::vector<BatchData>& micro_batches) {
  if (optimizer_ == nullptr) throw Error("INTERNAL", "train_step before start_training");
  std::int64_t labelled = 0;
  for (const BatchData& data : micro_batches) {
    check_labels(data, labels_);
    labelled += count_labelled(data.labels);
  }
  const std::int64_t done = optimizer_->steps();
  StepResult result{.step = done + 1,
                    .loss = 0.0,
                    .gradient_norm = 0.0,
                    .learning_rate = training_.schedule.rate(done),
                    .applied = false,
                    .parts = static_cast<std::int64_t>(micro_batches.size())};
  if (labelled == 0) {
    throw Error("INVALID_DATA", "no row of the batch has a label: nothing can be learned from it");
  }
  // compute_gradients leaves its gradients to be read; they are no part of this step.
  clear_gradients();
  try {
    std::optional<Update> update;
    std::vector<BatchData> batches = micro_batches;
    if (recorded_ != nullptr && batches.size() == 1 && batches[0].texts.empty()) {
      batches[0] = rounded(batches[0], labels_, model_->limits().max_length, form_ == Form::kDense);
      update = recorded_step(batches[0], result.learning_rate, labelled);
    }
    if (!update) update = step_over(batches, labelled, result);
    result.loss = update->loss;
    result.gradient_norm = update->gradient_norm;
    result.applied = update->applied;
  } catch (...) {
    clear_gradients();
    throw;
  }
  clear_gradients();
  return result;
}

double Engine::compute_gradients(const BatchData& data) {
  clear_gradients();
  check_labels(data, labels_);
  settle_all();
  const at::Tensor loss = backward(data, {}, count_labelled(data.labels), nullptr);
  model_->parameters().collect_gradients(false);
  return loss.item<double>();
}

void Engine::save(const std::string& file) const {
  settle_all();
  model_->save(file);
}

ExportCheck Engine::export_torchscript(const std::string& file,
                                       const std::map<std::string, std::string>& extra_files) {
  settle_all();
  if (recorded_ != nullptr) make_recorded_steps();  // the weights will lie elsewhere
  const OnCpu here(*model_, placement_.device);
  return tagformer::export_torchscript(*model_, file, extra_files);
}

std::vector<float> Engine::parameter(const std::string& name) const {
  const auto [parameter, part] = model_->parameters().find(name);
  if (parameter == nullptr) throw Error("INVALID_OPTION", "the model has no parameter named " + name);
  settle_all();
  return copy_part(model_->parameters().master_of(*parameter), *part);
}

std::vector<float> Engine::gradient(const std::string& name) const {
  const auto [parameter, part] = model_->parameters().find(name);
  if (parameter == nullptr) throw Error("INVALID_OPTION", "the model has no parameter named " + name);
  const at::Tensor& gradient = parameter->gradient;
  if (!gradient.defined()) return std::vector<float>(static_cast<std::size_t>(part->count), 0.0F);
  return copy_part(gradient, *part);
}

std::vector<std::string> Engine::parameter_names() const {
  std::vector<std::string> names;
  for (const auto& parameter : model_->parameters().all()) {
    for (const Parameter::Part& part : parameter->parts) names.push_back(part.name);
  }
  return names;
}

}  // namespace tagformer
