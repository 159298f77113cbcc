#include "engine/loaded_model.h"

#include <utility>

#include "layers/flash_attention.h"
#include "layers/prepack.h"
#include "models/torchscript.h"
#include "runtime/error.h"

namespace tagformer {
namespace {

std::unique_ptr<Model> build(ModelSpec& spec, c10::Device device) {
  if (spec.script.empty()) return make_model(std::move(spec.config), spec.labels, spec.precision);
  auto model = make_torchscript(spec.script, std::move(spec.config), spec.precision, device);
  if (model->outputs() != spec.labels) {
    throw Error("INVALID_MODEL",
                spec.script + " gives " + std::to_string(model->outputs()) +
                    " scores a text, but there are " + std::to_string(spec.labels) +
                    " labels: a module cannot be given another head; trace one with as many");
  }
  return model;
}

}  // namespace

LoadedModel::LoadedModel(ModelSpec spec)
    : wanted_(experiments_named(spec.experiments)),
      placement_(choose_device(spec.device)),
      model_(build(spec, placement_.device)),
      form_(choose_form(spec)),
      records_steps_(wanted_.graphs && form_ != Form::kRagged && spec.script.empty()),
      labels_(spec.labels) {
  if (spec.precision == Precision::kInt8 && (form_ != Form::kRagged || !spec.script.empty())) {
    throw Error("INVALID_OPTION", "int8 is for models of the native architectures on the CPU");
  }
  if (spec.script.empty()) fill_weights(spec);
  if (!placement_.device.is_cpu()) model_->to(placement_.device);
  apply_experiments();
}

void LoadedModel::fill_weights(const ModelSpec& spec) {
  const bool at_once = has_kernels() && !spec.training;
  const auto read = [&](const RowSource& rows, Parameter& parameter) {
    return at_once && prepack_from(rows, parameter, spec.precision);
  };
  const auto filled = [&](Parameter& parameter) {
    if (at_once) prepack(parameter, spec.precision);
  };
  const LoadSettings settings{.prefix = model_->prefix(),
                              .deviation = model_->initial_deviation(),
                              .seed = spec.seed,
                              .fresh_scores = spec.fresh_scores};
  report_ = load_parameters(model_->parameters(), spec.tensors, settings, {.read = read, .filled = filled});
}

void LoadedModel::apply_experiments() {
  if (form_ == Form::kPacked) experiments_.emplace_back("flash");
  if (records_steps_) experiments_.emplace_back("graphs");
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

std::string LoadedModel::device_note() const {
  if (experiments_.empty()) return placement_.note;
  std::string note = placement_.note + (placement_.note.empty() ? "" : "; ") + "experimental:";
  for (const std::string& name : experiments_) note += " " + name;
  return note;
}

LoadedModel::Form LoadedModel::choose_form(const ModelSpec& spec) const {
  const c10::Device device = placement_.device;
  if (device.is_cpu() && !spec.dense) return Form::kRagged;
  if (!wanted_.flash || !model_->takes_packed()) return Form::kDense;
  // The kernels know no fp32; where the CPU has any, they are a test's, which takes all.
  const bool fits = device.is_cpu() || spec.precision == Precision::kBfloat16;
  return fits && has_flash_attention(device.type()) ? Form::kPacked : Form::kDense;
}

DeviceBatch LoadedModel::prepare(const HostBatch& data, std::optional<std::int64_t> labelled_count) const {
  if (has_kernels()) return ragged_batch(data, model_->limits(), labels_, labelled_count);
  return on_device(prepare_on_host(data, labelled_count), placement_.device);
}

DeviceBatch LoadedModel::prepare_on_host(const HostBatch& data,
                                         std::optional<std::int64_t> labelled_count) const {
  DeviceBatch batch = ragged_batch(data, model_->limits(), labels_, labelled_count);
  batch.batch = form_ == Form::kPacked ? batch.batch.packed() : model_->dense(batch.batch);
  return batch;
}

std::optional<LoadedModel::DeviceOperations> LoadedModel::operations() const {
  return has_kernels() ? std::nullopt : std::optional<DeviceOperations>(std::in_place);
}

void LoadedModel::apply_pending_updates() const {
  if (apply_pending_ != nullptr) apply_pending_();
}

void LoadedModel::restore_weights() const {
  apply_pending_updates();
  unpack(model_->parameters());
}

}  // namespace tagformer
