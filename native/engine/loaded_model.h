// A model where it computes, and how it is given batches: what prediction and training share.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/batch_data.h"
#include "layers/aten_path.h"
#include "models/model.h"
#include "runtime/device.h"
#include "runtime/experiments.h"
#include "runtime/interruptible.h"
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
  /// True: `tensors` are a model's for other labels, and the layer whose rows are the labels begins anew.
  bool fresh_scores = false;
  /// True: it will be trained, and its weights are not packed for prediction as they are read.
  bool training = false;
};

class LoadedModel {
 public:
  /// Builds the model and fills its weights. Throws INVALID_MODEL, INVALID_OPTION, DEVICE_UNAVAILABLE or IO.
  explicit LoadedModel(ModelSpec spec);

  [[nodiscard]] Model& model() { return *model_; }
  [[nodiscard]] const Model& model() const { return *model_; }
  [[nodiscard]] ParameterSet& parameters() { return model_->parameters(); }
  [[nodiscard]] const ParameterSet& parameters() const { return model_->parameters(); }
  [[nodiscard]] std::int64_t labels() const { return labels_; }
  [[nodiscard]] const LoadReport& load_report() const { return report_; }
  [[nodiscard]] c10::Device device() const { return placement_.device; }
  /// What a user should know of the device and the experiments; may be empty.
  [[nodiscard]] std::string device_note() const;
  /// Whether gradients that several processes sum stay on their GPUs, for NCCL.
  [[nodiscard]] bool sums_by_nccl() const { return wanted_.nccl && !placement_.device.is_cpu(); }
  /// Names of the experiments that have an effect on this model.
  [[nodiscard]] const std::vector<std::string>& experiments() const { return experiments_; }

  /// Whether our CPU kernels compute, over ragged batches; otherwise libtorch's own operations do.
  [[nodiscard]] bool has_kernels() const { return form_ == Form::kRagged; }
  /// Whether batches are padded to one length.
  [[nodiscard]] bool is_dense() const { return form_ == Form::kDense; }
  /// Whether whole training steps are to be recorded and replayed.
  [[nodiscard]] bool records_steps() const { return records_steps_; }

  /// A batch, checked and where the model computes; `labelled_count` as ragged_batch() takes it.
  [[nodiscard]] DeviceBatch prepare(const HostBatch& data, std::optional<std::int64_t> labelled_count) const;
  /// The same of a model that has no kernels, while the batch is still on the CPU.
  [[nodiscard]] DeviceBatch prepare_on_host(const HostBatch& data,
                                            std::optional<std::int64_t> labelled_count) const;
  /// How this thread computes on a device: with libtorch's own operations, each of which first checks the
  /// stop flag.
  struct DeviceOperations {
    AtenOperations aten;
    Interruptible interruptible;
  };
  /// This thread computes as the device does while the result lives; nothing where our kernels compute.
  [[nodiscard]] std::optional<DeviceOperations> operations() const;

  /// Applies the weight updates that a training has deferred; null where no training runs.
  void set_pending_updates(std::function<void()> apply) { apply_pending_ = std::move(apply); }
  [[nodiscard]] bool is_training() const { return apply_pending_ != nullptr; }
  /// Applies deferred updates; call it before anything but the next step reads the weights.
  void apply_pending_updates() const;
  /// The same, and restores the tensors that prediction had packed; call it before anything but prediction
  /// reads them.
  void restore_weights() const;

 private:
  /// The form in which batches are computed; see Sequences.
  enum class Form { kRagged, kDense, kPacked };
  [[nodiscard]] Form choose_form(const ModelSpec& spec) const;
  void fill_weights(const ModelSpec& spec);
  void apply_experiments();

  /// What was asked for, whether or not it has an effect.
  Experiments wanted_;
  /// Chosen before anything of libtorch is made.
  Placement placement_;
  std::unique_ptr<Model> model_;
  Form form_;
  bool records_steps_;
  std::vector<std::string> experiments_;
  std::int64_t labels_;
  LoadReport report_;
  std::function<void()> apply_pending_;
};

}  // namespace tagformer
