// One model with its optimizer: what a session of the add-on drives.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "layers/plain.h"
#include "models/attribution.h"
#include "models/model.h"
#include "models/torchscript_export.h"
#include "runtime/device.h"
#include "runtime/experiments.h"
#include "runtime/scratch.h"
#include "training/examples.h"
#include "training/loss.h"
#include "training/plain_optimizer.h"
#include "training/pooling.h"
#include "training/recorded_steps.h"
#include "training/schedule.h"
#include "training/word_rows.h"
#include "weights/safetensors.h"

namespace tagformer {

struct ModelSpec {
  Json::Object config;
  std::int64_t labels;
  std::vector<TensorSource> tensors;
  /// A TorchScript file, which is then the model, instead of `tensors`; empty: none.
  std::string script;
  std::uint64_t seed;
  Precision precision;
  /// As choose_device() takes it.
  std::string device = "cpu";
  /// True: the CPU computes as another device does, over padded batches and in libtorch's own operations.
  bool dense = false;
  /// As experiments_named() takes them.
  std::vector<std::string> experiments;
  /// True: it will be trained, and its weights are not packed for prediction as they are read.
  bool training = false;
};

struct TrainingOptions {
  AdamWOptions optimizer;
  Schedule schedule;
  std::uint64_t seed;
  bool dropout;
  LossOptions loss;
  /// How the windows of a text become one.
  Pooling pooling;
  /// Factors of the learning rate by name of tensor, 1 where there is none; 0 freezes.
  std::vector<std::pair<std::string, double>> rates;
};

struct StepResult {
  std::int64_t step;
  double loss;
  double gradient_norm;
  double learning_rate;
  /// False when loss or norm was not finite: then no weight was changed.
  bool applied;
  /// Parts in which the batch was computed: the micro-batches, or more where memory was short.
  std::int64_t parts;
};

/// All calls are made from one thread, whose stop flag ends a running one with Stopped (runtime/stop.h).
class Engine {
 public:
  explicit Engine(ModelSpec spec);

  /// Logits `[rows * labels]`; in halves, and halves of those, where memory is short.
  [[nodiscard]] std::vector<float> predict(const BatchData& batch) const;

  /// What each token of one text adds to a logit. `baseline` holds a token id for each of the text's: what to
  /// compare with, where a token says nothing.
  [[nodiscard]] Attribution attribute(const BatchData& text, const std::vector<std::int32_t>& baseline,
                                      const AttributionOptions& options) const;

  void start_training(const TrainingOptions& options);
  /// Forward, loss, backward, clip, AdamW and schedule over all micro-batches together. A step that is
  /// stopped changes no weight: AdamW, once begun, runs to its end.
  StepResult train_step(const std::vector<BatchData>& micro_batches);
  /// Loss and gradients of one batch in evaluation mode (no dropout), without an update: for comparing with
  /// PyTorch. The loss is that of the last start_training, or plain cross-entropy.
  double compute_gradients(const BatchData& batch);

  void save(const std::string& file) const;
  /// As tagformer::export_torchscript.
  [[nodiscard]] ExportCheck export_torchscript(const std::string& file,
                                               const std::map<std::string, std::string>& extra_files);

  /// Copies of one named tensor and of its gradient, in fp32.
  [[nodiscard]] std::vector<float> parameter(const std::string& name) const;
  [[nodiscard]] std::vector<float> gradient(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> parameter_names() const;

  [[nodiscard]] const LoadReport& load_report() const { return report_; }
  [[nodiscard]] Limits limits() const { return model_->limits(); }
  [[nodiscard]] std::vector<std::string> notes() const { return model_->notes(); }
  /// Where the model computes, such as "cpu" or "cuda:0".
  [[nodiscard]] std::string device() const { return placement_.device.str(); }
  /// See Placement.
  [[nodiscard]] std::string device_note() const;
  /// Names of the experiments that have an effect on this model.
  [[nodiscard]] const std::vector<std::string>& experiments() const { return experiments_; }
  [[nodiscard]] std::int64_t labels() const { return labels_; }
  [[nodiscard]] std::int64_t parameter_count() const { return model_->parameters().element_count(); }

 private:
  /// The form in which batches are computed; see Sequences.
  enum class Form { kRagged, kDense, kPacked };
  [[nodiscard]] Form choose_form(const ModelSpec& spec) const;
  /// A batch, checked and where the model computes; `labelled` as tagformer::examples_of takes it.
  [[nodiscard]] Examples examples_of(const BatchData& data, std::optional<std::int64_t> labelled) const;
  /// The same, still on the CPU.
  [[nodiscard]] Examples in_form(Examples examples) const;
  [[nodiscard]] Batch to_batch(const BatchData& data) const;
  /// Computes as the device does while the result lives.
  [[nodiscard]] std::optional<PlainOperations> operations() const;
  void set_rates(const std::vector<std::pair<std::string, double>>& rates);
  /// Makes all weights what the last step left them; before anybody but the next step reads them.
  void settle() const;
  /// The same, with the tensors that prediction had packed; before anybody but prediction reads them.
  void settle_all() const;
  /// Forgets all gradients.
  void clear_gradients();
  /// Forgets all recordings, and begins anew.
  void make_recorded_steps();
  /// The update over all micro-batches; `result` has its number and rate, and counts the parts.
  Update step_over(const std::vector<BatchData>& micro_batches, std::int64_t labelled, StepResult& result);
  /// Loss and gradients of examples, in one step of AdamW, all given to the device: what is recorded.
  [[nodiscard]] at::Tensor whole_step(const Examples& examples, const at::Tensor& learning_rate);
  /// A step of one batch that was recorded; nothing where none is, or where memory is too short to record it.
  std::optional<Update> recorded_step(const BatchData& data, double learning_rate, std::int64_t labelled);
  [[nodiscard]] at::Tensor loss_of(const Examples& examples, std::int64_t texts, const Mode& mode) const;
  /// Leaves the gradients of one batch, and returns its loss, `[]` in fp64.
  at::Tensor backward(const BatchData& data, const Mode& mode, std::int64_t labelled, WordRows* words);
  /// The same, with its gradients collected; in halves, and halves of those, where memory is short. `parts`
  /// counts, and names the random numbers of the halves, which may not be those of other parts.
  at::Tensor accumulate(const BatchData& data, Mode mode, std::int64_t labelled, bool more_follow,
                        std::int64_t& parts);

  /// What was asked for, whether or not it has an effect.
  Experiments wanted_;
  /// Chosen before anything of libtorch is made.
  Placement placement_;
  std::unique_ptr<Model> model_;
  /// Other than kRagged: libtorch's own operations compute.
  Form form_;
  bool graphs_;
  std::vector<std::string> experiments_;
  std::int64_t labels_;
  LoadReport report_;
  /// What predictions leave for the next.
  mutable Scratch scratch_;
  TrainingOptions training_{};
  at::Tensor positive_weights_;
  /// Null where the table of word embeddings is not trained by rows.
  std::unique_ptr<WordRows> words_;
  std::unique_ptr<AdamW> optimizer_;
  /// The same, where it is one that can be recorded.
  PlainAdamW* plain_optimizer_ = nullptr;
  std::unique_ptr<RecordedSteps> recorded_;
};

}  // namespace tagformer
