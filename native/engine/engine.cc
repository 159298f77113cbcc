#include "engine/engine.h"

#include <c10/core/InferenceMode.h>

#include <utility>

#include "engine/split_in_two.h"
#include "layers/prepack.h"
#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/stop.h"

namespace tagformer {
namespace {

/// While it lives the weights of a model are copies on the CPU: what is recorded there loads everywhere. The
/// originals stay where they are, and coming back to them cannot fail.
class OnCpu {
 public:
  explicit OnCpu(ParameterSet& parameters) : parameters_(parameters) {
    for (const auto& parameter : parameters_.all()) {
      check_stop();
      const at::Tensor master = parameters_.master_of(*parameter).detach().to(at::kCPU);
      at::Tensor value = parameter->has_copy() ? parameter->value.detach().to(at::kCPU) : master;
      value.requires_grad_(parameter->value.requires_grad());
      copies_.push_back({master, std::move(value)});
    }
    exchange();
  }
  ~OnCpu() { exchange(); }
  OnCpu(const OnCpu&) = delete;
  OnCpu& operator=(const OnCpu&) = delete;

 private:
  struct Tensors {
    at::Tensor master, value;
  };

  void exchange() noexcept {
    for (std::size_t i = 0; i < copies_.size(); ++i) {
      std::swap(parameters_.all()[i]->master, copies_[i].master);
      std::swap(parameters_.all()[i]->value, copies_[i].value);
    }
  }

  ParameterSet& parameters_;
  std::vector<Tensors> copies_;
};

/// A batch of one text, several times.
HostBatch repeated(const std::vector<std::int32_t>& ids, const std::vector<std::int32_t>& types,
                   std::int64_t times) {
  HostBatch batch;
  batch.offsets.push_back(0);
  for (std::int64_t i = 0; i < times; ++i) {
    batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
    batch.types.insert(batch.types.end(), types.begin(), types.end());
    batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
  }
  return batch;
}

}  // namespace

std::vector<float> Engine::predict(const HostBatch& data) const {
  const c10::InferenceMode inference;
  const auto operations = loaded_.operations();
  const Scratch::Use reuse(scratch_);
  loaded_.apply_pending_updates();
  // Between the steps of a training the weights change too often to be packed for good.
  if (loaded_.has_kernels() && !loaded_.is_training()) prepack(loaded_.parameters());
  try {
    return to_floats(loaded_.model().logits(loaded_.prepare(data, std::nullopt).batch, {}));
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error) || count_texts(data) < 2) throw;
  }
  // Not in the catch clause: the exception keeps tensors alive.
  scratch_.clear();
  const auto [first, second] = split_in_two(data, /*labels=*/0);
  std::vector<float> logits = predict(first);
  const std::vector<float> others = predict(second);
  logits.insert(logits.end(), others.begin(), others.end());
  return logits;
}

Attribution Engine::attribute(const HostBatch& text, const std::vector<std::int32_t>& baseline,
                              const AttributionOptions& options) const {
  if (options.label < 0 || options.label >= loaded_.labels()) {
    throw Error("INVALID_OPTION", "there is no label " + std::to_string(options.label));
  }
  if (text.offsets.size() != 2 || baseline.size() != text.ids.size()) {
    throw Error("INVALID_DATA", "expected one text, and a baseline of the same length");
  }
  const auto operations = loaded_.operations();
  loaded_.restore_weights();
  const auto repeat = [&](const std::vector<std::int32_t>& ids) {
    return [&](std::int64_t times) {
      return loaded_.prepare(repeated(ids, text.types, times), std::nullopt).batch;
    };
  };
  return integrated_gradients(loaded_.model(), repeat(text.ids), repeat(baseline), options);
}

void Engine::save(const std::string& file) const {
  loaded_.restore_weights();
  loaded_.model().save(file);
}

ExportCheck Engine::export_torchscript(const std::string& file,
                                       const std::map<std::string, std::string>& extra_files) {
  loaded_.restore_weights();
  std::optional<OnCpu> here;
  if (!loaded_.device().is_cpu()) here.emplace(loaded_.parameters());
  return tagformer::export_torchscript(loaded_.model(), file, extra_files);
}

std::vector<float> Engine::parameter(const std::string& name) const {
  const auto [parameter, part] = loaded_.parameters().named(name);
  loaded_.restore_weights();
  return part->copy_of(loaded_.parameters().master_of(*parameter));
}

std::vector<std::string> Engine::parameter_names() const {
  std::vector<std::string> names;
  for (const auto& parameter : loaded_.parameters().all()) {
    for (const Parameter::Part& part : parameter->parts) names.push_back(part.name);
  }
  return names;
}

}  // namespace tagformer
