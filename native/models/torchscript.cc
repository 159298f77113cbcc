#include "models/torchscript.h"

#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/ScopeExit.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

#include "models/buffer_copy.h"
#include "runtime/device.h"
#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/stop.h"
#include "torchscript/archive.h"
#include "torchscript/autocast.h"
#include "torchscript/containers.h"
#include "torchscript/graph.h"
#include "torchscript/pass.h"
#include "torchscript/refuse.h"
#include "torchscript/returned.h"

namespace tagformer {
namespace {

namespace jit = torch::jit;

/// Where nothing in the module says how long rows may be, or how many tokens or segments there are. An index
/// beyond a table is libtorch's error.
constexpr std::int64_t kNoLimit = 1LL << 30;

constexpr std::int64_t kTrialLength = 5;

enum class Input { kIds, kMask, kTypes };

/// What libtorch says of an error, on one line, without where in its sources that was.
std::string reason_of(const std::exception& error) {
  const auto* const own = dynamic_cast<const c10::Error*>(&error);
  std::string text = own != nullptr ? own->what_without_backtrace() : error.what();
  text.resize(std::min(text.size(), text.find("Exception raised from")));
  // The interpreter puts a trace of the module's own source before what happened.
  const std::size_t last = text.rfind("RuntimeError: ");
  if (last != std::string::npos) text.erase(0, last + std::strlen("RuntimeError: "));
  std::string line;
  for (const char c : text) {
    const bool space = c == '\n' || c == ' ';
    if (!space) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  return line.substr(0, 1000);
}

/// Runs `body`, and says of whatever libtorch throws that the module failed.
template <typename Body>
auto guarded(const char* what, const Body& body) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const std::exception& error) {
    // The interpreter wraps everything that passes through it, Stopped too.
    check_stop();
    const std::string reason = reason_of(error);
    if (tells_out_of_memory(reason)) throw Error("OUT_OF_MEMORY", reason);
    if (tells_device_failure(reason)) throw Error("DEVICE_FAILED", reason);
    refuse_module(std::string(what) + ": " + reason);
  }
}

/// The depth of a module's parameter. What its layers are only the names say that PyTorch gave them: the
/// number in a list of layers, and below the first one embeddings and what all of an encoder's layers read.
std::int64_t depth_of(const std::string& name) {
  static const std::regex layer(R"((?:^|[._])(?:layers?|layer_groups)\.(\d{1,9})\.)");
  static const std::regex below(R"(embed|_emb$|\bencoder\.)");
  std::smatch found;
  if (std::regex_search(name, found, layer)) return std::stoll(found[1]) + 1;
  return std::regex_search(name, below) ? kBelowLayers : kAboveLayers;
}

/// Rows of a batch side by side, `[rows, length]`, int64.
struct Padded {
  at::Tensor ids, mask, types;
};

class TorchScript final : public TorchScriptModel {
 public:
  TorchScript(const std::string& file, Json::Object config, Precision precision, c10::Device device)
      : TorchScriptModel(Precision::kFloat32), precision_(precision), device_(device) {
    read_config(std::move(config));
    // Plain interpretation: the profiling executor compiles anew for every shape, and its gradients differ.
    jit::getProfilingMode() = false;
    module_ = guarded("cannot be loaded", [&] { return read_module(file); });
    check_graphs(module_);
    refuse_probabilities(module_);
    refuse_changed_containers(module_);
    dropout_ = follow_mode(module_);
    module_.train(false);
    if (!device_.is_cpu()) move_to_device();
    read_inputs();
    adopt_parameters();
    try_out();
  }

  [[nodiscard]] at::Tensor logits(const Batch& batch, const Mode& mode) const override {
    return run(batch.sequences.is_dense() ? batch : dense(batch), mode);
  }

  /// Padded with the tokenizer's token, on its side.
  [[nodiscard]] Batch dense(const Batch& batch) const override {
    const std::vector<std::int32_t>& offsets = *batch.sequences.offsets();
    const std::int64_t rows = static_cast<std::int64_t>(offsets.size()) - 1;
    std::int64_t longest = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      longest = std::max<std::int64_t>(longest, offsets[row + 1] - offsets[row]);
    }
    const Padded padded = padded_rows(rows, longest);
    const auto* const ids = batch.ids.const_data_ptr<std::int64_t>();
    const auto* const types = batch.types.defined() ? batch.types.const_data_ptr<std::int64_t>() : nullptr;
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t first = offsets[row];
      const std::int64_t length = offsets[row + 1] - first;
      const std::int64_t to = row * longest + (pad_left_ ? longest - length : 0);
      std::copy_n(ids + first, length, padded.ids.data_ptr<std::int64_t>() + to);
      std::fill_n(padded.mask.data_ptr<std::int64_t>() + to, length, 1);
      if (types != nullptr) std::copy_n(types + first, length, padded.types.data_ptr<std::int64_t>() + to);
    }
    return {padded.ids, padded.types, Sequences::dense(padded.mask)};
  }

  /// It is where it computes from the beginning.
  void to(c10::Device /*device*/) override {}

  [[nodiscard]] Limits limits() const override { return limits_; }
  [[nodiscard]] double initial_deviation() const override { return 0.0; }
  [[nodiscard]] std::int64_t outputs() const override { return outputs_; }
  [[nodiscard]] std::vector<Note> notes() const override { return notes_; }

  /// All tensors that it keeps, in buffers, lists or dictionaries, but for the parameters.
  [[nodiscard]] std::vector<at::Tensor> buffers() const override {
    std::vector<at::Tensor> tensors;
    std::set<const at::TensorImpl*> known = adopted_;
    c10::IValue(module_._ivalue()).visit([&](const c10::IValue& value) {
      if (!value.isTensor() || !value.toTensor().defined()) return false;
      if (known.insert(value.toTensor().unsafeGetTensorImpl()).second) tensors.push_back(value.toTensor());
      return false;
    });
    return tensors;
  }

  void save(const std::string& file) const override {
    set_training(false);
    if (device_.is_cpu()) return write_module(module_, file, {});
    // Saved from a device, the file would load nowhere else. The module itself stays there: whether there
    // would be memory to move it back is not certain.
    const jit::Module copy =
        guarded("cannot be copied from the device", [&] { return module_.deepcopy(at::Device(at::kCPU)); });
    constants_.as_stored();
    const auto back = c10::make_scope_exit([this] { constants_.as_placed(); });
    write_module(copy, file, {});
  }

 private:
  void read_config(Json::Object fields) {
    Config config(std::move(fields));
    padding_id_ = config.integer_or("pad_token_id", 0, 0, kNoLimit);
    pad_left_ = config.choice_or("padding_side", "right", {"right", "left"}) == "left";
    config.refuse_unread();
  }

  void move_to_device() {
    guarded("cannot be moved to the device", [&] {
      module_.to(device_);
      constants_ = DeviceConstants(module_, device_);
    });
  }

  void read_inputs() {
    if (!module_.find_method("forward")) refuse_module("has no method forward");
    const auto& arguments = module_.get_method("forward").function().getSchema().arguments();
    for (std::size_t i = 1; i < arguments.size(); ++i) {
      if (inputs_.size() == 3 && arguments[i].default_value()) continue;
      inputs_.push_back(input_of(arguments[i].name(), i - 1));
    }
    if (inputs_.size() < 2 || inputs_.size() > 3 ||
        std::set(inputs_.begin(), inputs_.end()).size() != inputs_.size()) {
      refuse_module(
          "takes " + std::to_string(arguments.size() - 1) +
          " inputs; expected forward(input_ids, attention_mask) or forward(input_ids, attention_mask, "
          "token_type_ids)");
    }
  }

  /// By name where the names are Hugging Face's, otherwise by place.
  static Input input_of(const std::string& name, std::size_t place) {
    if (name == "input_ids") return Input::kIds;
    if (name == "attention_mask") return Input::kMask;
    if (name == "token_type_ids") return Input::kTypes;
    return static_cast<Input>(std::min<std::size_t>(place, 2));
  }

  /// Makes the module's parameters ours: the optimizer writes into the tensors that the module reads.
  void adopt_parameters() {
    std::set<const at::TensorImpl*> known;
    for (const auto& [name, tensor] : module_.named_parameters()) {
      if (!known.insert(tensor.unsafeGetTensorImpl()).second) continue;  // shared by two layers
      if (!tensor.is_floating_point()) continue;
      if (tensor.scalar_type() != at::kFloat || tensor.layout() != at::kStrided || !tensor.is_contiguous()) {
        refuse_module("holds " + name + " as " + at::toString(tensor.scalar_type()) +
                      "; expected contiguous fp32 tensors: save it after module.float()");
      }
      if (!at::isfinite(tensor.detach()).all().item<bool>())
        refuse_module("holds NaN or infinite values in " + name);
      adopted_.insert(tensor.unsafeGetTensorImpl());
      const bool vector = tensor.dim() < 2 || name.ends_with("bias");
      parameters().declare_at(depth_of(name));
      parameters().adopt(name, tensor, vector ? Role::kVector : Role::kMatrix);
    }
  }

  /// Runs two short rows in both modes: what comes out, which tables tokens and positions index, and whether
  /// training draws dropout.
  void try_out() {
    const Batch rows = trial_rows();
    limits_ = {.max_length = kNoLimit, .vocabulary_size = kNoLimit, .type_count = kNoLimit};
    const BufferCopy stored(*this);
    {
      const c10::InferenceMode inference;
      const ScriptPass::OnEmbedding see = [&](const at::Tensor& table, const at::Tensor& indices) {
        meet_embedding(rows, table, indices);
      };
      const at::Tensor scores = run(rows, {}, see);
      outputs_ = scores.size(1);
      warn_of_probabilities(scores);
    }
    evaluation_changes_buffers_ = stored.differs();
    stored.put_back();
    const c10::InferenceMode inference;
    std::uint32_t places = 0;
    (void)run(rows, {.training = true}, nullptr, &places);
    set_training(false);
    stored.put_back();
    describe(places);
  }

  /// Where they are made in a way that refuse_probabilities does not see.
  void warn_of_probabilities(const at::Tensor& scores) {
    if (!at::logical_and(scores.ge(0), scores.le(1)).all().item<bool>()) return;
    notes_.push_back({About::kScores,
                      "all scores of the TorchScript module for two short texts lie between 0 and 1: if they "
                      "are probabilities, make it return the logits from before them, because tagformer "
                      "computes the sigmoid itself"});
  }

  void describe(std::uint32_t places) {
    if (dropout_.lost > 0) {
      notes_.push_back({About::kTraining, "the module was traced in evaluation mode: its " +
                                              std::to_string(dropout_.lost) +
                                              " fused attention layers train without dropout"});
    }
    if (places == 0) notes_.push_back({About::kTraining, "the module has no dropout"});
  }

  /// Rows of nothing but padding.
  [[nodiscard]] Padded padded_rows(std::int64_t rows, std::int64_t length) const {
    return {at::full({rows, length}, padding_id_, at::kLong), at::zeros({rows, length}, at::kLong),
            at::zeros({rows, length}, at::kLong)};
  }

  [[nodiscard]] Batch trial_rows() const {
    // Ids that no run of positions looks like, and none of which is padding.
    std::vector<std::int64_t> ids;
    for (std::int64_t id = 0; ids.size() < 3; ++id) {
      if (id != padding_id_) ids.push_back(id);
    }
    const auto token = [&](std::size_t i) { return static_cast<std::int32_t>(ids[(2 * i + 2) % 3]); };
    const Padded rows = padded_rows(2, kTrialLength);
    for (std::int64_t row = 0; row < 2; ++row) {
      const std::int64_t length = kTrialLength - 2 * row;
      const std::int64_t begin = pad_left_ ? kTrialLength - length : 0;
      for (std::int64_t i = 0; i < length; ++i) {
        rows.ids[row][begin + i] = token(static_cast<std::size_t>(i));
        rows.mask[row][begin + i] = 1;
      }
    }
    return {rows.ids.to(device_), rows.types.to(device_), Sequences::dense(rows.mask.to(device_))};
  }

  void meet_embedding(const Batch& rows, const at::Tensor& table, const at::Tensor& indices) {
    if (table.dim() != 2 || indices.scalar_type() != at::kLong) return;
    const at::Tensor found = indices.flatten();
    if (found.numel() == rows.ids.numel() &&
        std::get<0>(found.sort()).equal(std::get<0>(rows.ids.flatten().sort()))) {
      limits_.vocabulary_size = std::min(limits_.vocabulary_size, table.size(0));
      return;
    }
    if (found.numel() < kTrialLength || pad_left_) return;
    // The positions of the first row, which is not padded.
    const at::Tensor first = found.slice(0, 0, kTrialLength);
    const bool run = first.diff().eq(1).all().item<bool>();
    if (run) limits_.max_length = std::min(limits_.max_length, table.size(0) - first[0].item<std::int64_t>());
  }

  at::Tensor run(const Batch& rows, const Mode& mode, ScriptPass::OnEmbedding see = nullptr,
                 std::uint32_t* places = nullptr) const {
    set_training(mode.training);
    // Traced in training mode, batch norm counts batches in evaluation too; no score is to depend on those
    // before.
    std::optional<BufferCopy> stored;
    if (evaluation_changes_buffers_ && !mode.training) stored.emplace(*this);
    const auto back = c10::make_scope_exit([&stored] {
      if (stored) stored->put_back();
    });
    std::vector<c10::IValue> inputs;
    inputs.reserve(inputs_.size());
    for (const Input input : inputs_) {
      inputs.emplace_back(input == Input::kIds    ? rows.ids
                          : input == Input::kMask ? rows.sequences.mask()
                                                  : rows.types);
    }
    return guarded("failed", [&] {
      const jit::GraphOptimizerEnabledGuard plain(false);
      const Autocast autocast(precision_, device_.type());
      const ScriptPass pass(mode, std::move(see));
      const at::Tensor logits = first_tensor(module_.forward(std::move(inputs)));
      if (places != nullptr) *places = pass.dropout_places();
      if (logits.dim() != 2 || logits.size(0) != rows.ids.size(0) || !logits.is_floating_point()) {
        std::ostringstream shape;
        shape << logits.sizes();
        refuse_module("returned a tensor of shape " + shape.str() + " for " +
                      std::to_string(rows.ids.size(0)) + " texts; expected logits [texts, labels]");
      }
      return logits.to(at::kFloat);
    });
  }

  static at::Tensor first_tensor(const c10::IValue& output) {
    if (output.isTensor()) return output.toTensor();
    if (output.isTuple() && !output.toTupleRef().elements().empty()) {
      return first_tensor(output.toTupleRef().elements()[0]);
    }
    if (output.isGenericDict()) {
      const auto dictionary = output.toGenericDict();
      const auto found = dictionary.find("logits");
      if (found != dictionary.end()) return first_tensor(found->value());
      if (!dictionary.empty()) return first_tensor(dictionary.begin()->value());
    }
    refuse_module("returned " + output.tagKind() +
                  "; expected logits, or a tuple or dictionary that begins with them");
  }

  void set_training(bool training) const {
    if (training_ == training) return;
    module_.train(training);
    training_ = training;
  }

  /// libtorch's methods are not const, though only the mode and the parameters ever change.
  mutable jit::Module module_;
  mutable bool training_ = false;
  Precision precision_;
  c10::Device device_;
  DeviceConstants constants_;
  std::int64_t padding_id_ = 0;
  bool pad_left_ = false;
  std::vector<Input> inputs_;
  /// The tensors of the parameters.
  std::set<const at::TensorImpl*> adopted_;
  bool evaluation_changes_buffers_ = false;
  DropoutReport dropout_;
  std::vector<Note> notes_;
  Limits limits_{};
  std::int64_t outputs_ = 0;
};

}  // namespace

std::unique_ptr<TorchScriptModel> make_torchscript(const std::string& file, Json::Object config,
                                                   Precision precision, c10::Device device) {
  return std::make_unique<TorchScript>(file, std::move(config), precision, device);
}

}  // namespace tagformer
