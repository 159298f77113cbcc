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
#include "training/loss.h"
#include "training/optimizer.h"
#include "training/pooling.h"
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
};

/// A ragged batch as it arrives: ids and types `[total]`, offsets `[rows + 1]`, labels `[texts * labels]`.
struct BatchData {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> offsets;
  /// Empty when all segment ids are zero.
  std::vector<std::int32_t> types;
  /// Empty for prediction; NaN where not labelled.
  std::vector<float> labels;
  /// Where each text's rows begin, `[texts + 1]`, when long texts were cut into windows; empty: a row a text.
  std::vector<std::int32_t> texts;
  /// Weight of each text in the loss, `[texts]`; empty: all 1.
  std::vector<float> weights;
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

  /// Logits `[rows * labels]`.
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
  [[nodiscard]] const std::string& device_note() const { return placement_.note; }
  [[nodiscard]] std::int64_t labels() const { return labels_; }
  [[nodiscard]] std::int64_t parameter_count() const { return model_->parameters().element_count(); }

 private:
  /// A batch, checked and where the model computes. What the loss needs is there when training asks for it.
  struct Examples {
    Batch batch;
    /// As mean_loss() and pool_windows() take them; undefined where there are none.
    at::Tensor labels, weights, text_of_windows;
  };
  [[nodiscard]] Examples examples_of(const BatchData& data, bool with_labels) const;
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
  /// Leaves the gradients of one batch, and returns its loss, `[]` in fp64.
  at::Tensor backward(const BatchData& data, const Mode& mode, std::int64_t labelled, WordRows* words);
  /// The same, with its gradients collected; in halves, and halves of those, where memory is short. `parts`
  /// counts, and names the random numbers of the halves, which may not be those of other parts.
  at::Tensor accumulate(const BatchData& data, Mode mode, std::int64_t labelled, bool more_follow,
                        std::int64_t& parts);

  /// Chosen before anything else is made.
  Placement placement_;
  std::unique_ptr<Model> model_;
  /// Whether batches are padded and libtorch's own operations compute them.
  bool dense_;
  std::int64_t labels_;
  LoadReport report_;
  TrainingOptions training_{};
  at::Tensor positive_weights_;
  /// Null where the table of word embeddings is not trained by rows.
  std::unique_ptr<WordRows> words_;
  std::unique_ptr<AdamW> optimizer_;
};

}  // namespace tagformer
