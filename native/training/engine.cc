#include "training/engine.h"

#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "layers/prepack.h"
#include "models/torchscript.h"
#include "runtime/error.h"
#include "runtime/interruptible.h"
#include "runtime/memory.h"
#include "runtime/stop.h"
#include "runtime/upload.h"
#include "training/halves.h"

namespace tagformer {
namespace {

at::Tensor to_float(const std::vector<float>& values) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kFloat);
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor;
}

std::vector<float> to_vector(const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  const auto* const first = values.const_data_ptr<float>();
  return {first, first + values.numel()};
}

at::Tensor to_long(const std::vector<std::int32_t>& values) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), tensor.data_ptr<std::int64_t>());
  return tensor;
}

void check_range(const std::vector<std::int32_t>& values, std::int64_t end, const char* what,
                 const char* of) {
  for (const std::int32_t value : values) {
    if (value < 0 || value >= end) {
      throw Error("INVALID_DATA", std::string(what) + " " + std::to_string(value) +
                                      " is outside the model's " + of + ", 0 to " + std::to_string(end - 1) +
                                      ": do tokenizer and model belong together?");
    }
  }
}

void check_offsets(const std::vector<std::int32_t>& offsets, std::size_t total, std::int64_t max_length) {
  if (offsets.size() < 2 || offsets.front() != 0 || static_cast<std::size_t>(offsets.back()) != total) {
    throw Error("INVALID_DATA", "offsets must begin with 0 and end with the number of token ids");
  }
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    const std::int64_t length = std::int64_t{offsets[i]} - offsets[i - 1];
    if (length < 1 || length > max_length) {
      throw Error("INVALID_DATA", "row " + std::to_string(i - 1) + " has " + std::to_string(length) +
                                      " tokens; the model takes 1 to " + std::to_string(max_length));
    }
  }
}

/// Number of texts, each of which has a row of labels.
std::int64_t count_texts(const BatchData& data) {
  const auto& boundaries = data.texts.empty() ? data.offsets : data.texts;
  return static_cast<std::int64_t>(boundaries.size()) - 1;
}

void check_labels(const BatchData& data, std::int64_t labels) {
  const std::int64_t texts = count_texts(data);
  if (static_cast<std::int64_t>(data.labels.size()) != texts * labels) {
    throw Error("INVALID_DATA", "a batch of " + std::to_string(texts) + " texts has " +
                                    std::to_string(data.labels.size()) + " label values; expected " +
                                    std::to_string(texts * labels));
  }
  if (!data.weights.empty() && static_cast<std::int64_t>(data.weights.size()) != texts) {
    throw Error("INVALID_DATA", "a batch of " + std::to_string(texts) + " texts has " +
                                    std::to_string(data.weights.size()) + " weights");
  }
}

void check_texts(const BatchData& data) {
  const auto& texts = data.texts;
  const auto rows = static_cast<std::int32_t>(data.offsets.size()) - 1;
  if (texts.empty()) return;
  if (texts.front() != 0 || texts.back() != rows ||
      std::adjacent_find(texts.begin(), texts.end(), std::greater_equal<>()) != texts.end()) {
    throw Error("INVALID_DATA", "texts must rise from 0 to the number of rows");
  }
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
    : placement_(choose_device(spec.device)),
      model_(build(spec)),
      dense_(spec.dense || !placement_.device.is_cpu()),
      labels_(spec.labels) {
  if (spec.precision == Precision::kInt8 && (dense_ || !spec.script.empty())) {
    throw Error("INVALID_OPTION", "int8 is for models of the native architectures on the CPU");
  }
  if (spec.script.empty()) {
    report_ = load_parameters(model_->parameters(), spec.tensors, model_->prefix(),
                              model_->initial_deviation(), spec.seed);
  }
  if (!placement_.device.is_cpu()) model_->to(placement_.device);
}

std::optional<PlainOperations> Engine::operations() const {
  return dense_ ? std::optional<PlainOperations>(std::in_place) : std::nullopt;
}

Batch Engine::to_batch(const BatchData& data) const { return examples_of(data, false).batch; }

Engine::Examples Engine::examples_of(const BatchData& data, bool with_labels) const {
  const Limits limits = model_->limits();
  check_offsets(data.offsets, data.ids.size(), limits.max_length);
  check_range(data.ids, limits.vocabulary_size, "token id", "vocabulary");
  if (!data.types.empty()) {
    if (data.types.size() != data.ids.size()) throw Error("INVALID_DATA", "types and ids differ in length");
    check_range(data.types, limits.type_count, "segment id", "segments");
  }
  Examples examples{{to_long(data.ids), data.types.empty() ? at::Tensor() : to_long(data.types),
                     Sequences::ragged(std::make_shared<const std::vector<std::int32_t>>(data.offsets))},
                    {},
                    {},
                    {}};
  if (with_labels) {
    check_texts(data);
    check_labels(data, labels_);
    const std::int64_t texts = count_texts(data);
    examples.labels = to_float(data.labels).view({texts, labels_});
    if (!data.weights.empty()) examples.weights = to_float(data.weights);
    if (!data.texts.empty()) examples.text_of_windows = text_of_windows(data.texts);
  }
  if (!dense_) return examples;
  const Batch batch = model_->dense(examples.batch);
  const std::vector<at::Tensor> sent = upload({batch.ids, batch.types, batch.sequences.mask(),
                                               examples.labels, examples.weights, examples.text_of_windows},
                                              placement_.device);
  return {{sent[0], sent[1], Sequences::dense(sent[2])}, sent[3], sent[4], sent[5]};
}

std::vector<float> Engine::predict(const BatchData& data) const {
  const c10::InferenceMode inference;
  const auto plain = operations();
  settle();
  // Between the steps of a training the weights change too often to be packed for good.
  if (!dense_ && optimizer_ == nullptr) prepack(model_->parameters());
  return to_vector(model_->logits(to_batch(data), {}));
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
  if (!positive.empty() && static_cast<std::int64_t>(positive.size()) != labels_) {
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
  const WordTable table = model_->words();
  words_.reset();
  if (dense_) {
    optimizer_ = make_plain_adamw(model_->parameters(), options.optimizer);
    return;
  }
  if (table.table != nullptr && table.table->value.requires_grad()) {
    words_ = std::make_unique<WordRows>(table);
  }
  optimizer_ = make_adamw(model_->parameters(), options.optimizer, words_.get());
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

at::Tensor Engine::backward(const BatchData& data, const Mode& mode, std::int64_t labelled, WordRows* words) {
  const auto plain = operations();
  Examples examples = examples_of(data, true);
  if (words != nullptr) examples.batch.words = words->look_up(examples.batch.ids);
  at::Tensor logits = model_->logits(examples.batch, mode);
  if (!data.texts.empty()) {
    logits = pool_windows(logits, examples.text_of_windows, count_texts(data), training_.pooling);
  }
  const at::Tensor loss =
      mean_loss(training_.loss, positive_weights_, logits, examples.labels, examples.weights, labelled);
  const Interruptible interruptible;
  loss.backward();
  if (words != nullptr) words->add_gradient(examples.batch.ids, examples.batch.words);
  return loss.detach().to(at::kDouble);
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
    at::Tensor loss;
    for (std::size_t i = 0; i < micro_batches.size(); ++i) {
      const Mode mode{.training = training_.dropout,
                      .seed = training_.seed,
                      .step = static_cast<std::uint32_t>(done),
                      .micro_batch = static_cast<std::uint32_t>(i)};
      const at::Tensor part =
          accumulate(micro_batches[i], mode, labelled, micro_batches.size() > 1, result.parts);
      loss = loss.defined() ? loss.add(part) : part;
    }
    const Update update = optimizer_->step(result.learning_rate, loss);
    result.loss = update.loss;
    result.gradient_norm = update.gradient_norm;
    result.applied = update.applied;
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
  settle();
  model_->save(file);
}

ExportCheck Engine::export_torchscript(const std::string& file,
                                       const std::map<std::string, std::string>& extra_files) {
  settle_all();
  const OnCpu here(*model_, placement_.device);
  return tagformer::export_torchscript(*model_, file, extra_files);
}

std::vector<float> Engine::parameter(const std::string& name) const {
  const auto [parameter, part] = model_->parameters().find(name);
  if (parameter == nullptr) throw Error("INVALID_OPTION", "the model has no parameter named " + name);
  settle();
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
