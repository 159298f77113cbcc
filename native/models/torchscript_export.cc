#include "models/torchscript_export.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "runtime/error.h"
#include "runtime/interruptible.h"
#include "runtime/random.h"
#include "runtime/stop.h"
#include "torchscript/archive.h"

namespace tagformer {
namespace {

using torch::jit::Module;

/// Logits of fp32 in two orders of summation; a wrong graph is off by far more.
constexpr double kTolerance = 1e-4;

/// The modules that a dotted name stands for, made where they are missing.
class ModuleTree {
 public:
  ModuleTree() : root_(make("Classifier")) {}

  [[nodiscard]] Module& root() { return root_; }

  void add(const std::string& name, const at::Tensor& parameter) {
    Module at = root_;
    std::istringstream parts(name);
    std::string part;
    std::string path;
    for (std::getline(parts, part, '.'); !parts.eof();) {
      path += "_" + part;
      if (!at.hasattr(part)) at.register_module(part, make("Part" + path));
      at = at.attr(part).toModule();
      std::getline(parts, part, '.');
    }
    at.register_parameter(part, parameter, /*is_buffer=*/false);
  }

 private:
  Module make(const std::string& name) {
    Module module(c10::QualifiedName("__torch__.tagformer." + name), units_, /*shouldMangle=*/true);
    // So that train() and eval() find what they set; there is no dropout that would ask for it.
    module.register_attribute("training", c10::BoolType::get(), false);
    return module;
  }

  std::shared_ptr<torch::jit::CompilationUnit> units_ = std::make_shared<torch::jit::CompilationUnit>();
  Module root_;
};

/// Puts tensors of the module's own in the place of those that the model stores as one, while it is traced.
class SeparateParameters {
 public:
  SeparateParameters(const ParameterSet& parameters, ModuleTree& modules) {
    for (const auto& parameter : parameters.all()) {
      check_stop();
      if (parameter->parts.size() == 1) {
        modules.add(parameter->parts.front().name, parameter->value);
        continue;
      }
      Stacked stacked{parameter.get(), parameter->value, {}};
      for (const Parameter::Part& part : parameter->parts) {
        const at::Tensor own =
            parameter->master.detach().flatten().narrow(0, part.begin, part.count).view(part.shape).clone();
        stacked.parts.push_back(own.requires_grad_(true));
        modules.add(part.name, stacked.parts.back());
      }
      stacked_.push_back(std::move(stacked));
    }
  }
  ~SeparateParameters() {
    for (const Stacked& stacked : stacked_) stacked.parameter->value = stacked.value;
  }
  SeparateParameters(const SeparateParameters&) = delete;
  SeparateParameters& operator=(const SeparateParameters&) = delete;

  /// To be recorded: the stacked tensors are made of the module's.
  void stack() const {
    for (const Stacked& stacked : stacked_) {
      check_stop();
      stacked.parameter->value = at::cat(stacked.parts);
    }
  }

 private:
  struct Stacked {
    Parameter* parameter;
    at::Tensor value;
    std::vector<at::Tensor> parts;
  };
  std::vector<Stacked> stacked_;
};

const char* forward_source(bool types) {
  return types ? R"(
def forward(self, input_ids, attention_mask: Optional[Tensor] = None, token_type_ids: Optional[Tensor] = None):
    if attention_mask is None:
        attention_mask = torch.ones_like(input_ids)
    if token_type_ids is None:
        token_type_ids = torch.zeros_like(input_ids)
    return self.logits(input_ids, attention_mask, token_type_ids)
)"
               : R"(
def forward(self, input_ids, attention_mask: Optional[Tensor] = None):
    if attention_mask is None:
        attention_mask = torch.ones_like(input_ids)
    return self.logits(input_ids, attention_mask)
)";
}

/// Adds the method `logits`, as the tracer records it, and `forward`, which gives it the arguments left out.
void trace(const Model& model, Module& module, const SeparateParameters& separate) {
  const bool types = model.limits().type_count > 0;
  const at::Tensor ids = at::zeros({2, 3}, at::kLong);
  torch::jit::Stack inputs{ids, at::ones({2, 3}, at::kLong)};
  std::vector<std::string> names{"input_ids", "attention_mask"};
  if (types) {
    inputs.emplace_back(at::zeros({2, 3}, at::kLong));
    names.emplace_back("token_type_ids");
  }
  const auto record = [&](torch::jit::Stack stack) -> torch::jit::Stack {
    separate.stack();
    // A mask of any number format will do.
    const at::Tensor mask = stack[1].toTensor().to(at::kLong);
    const at::Tensor segments = types ? stack[2].toTensor() : at::Tensor();
    return {model.logits({stack[0].toTensor(), segments, Sequences::dense(mask)}, {})};
  };
  const Interruptible interruptible;
  const auto nameless = [](const at::Tensor&) { return std::string(); };
  const auto graph = torch::jit::tracer::trace(std::move(inputs), record, nameless, /*strict=*/true,
                                               /*force_outplace=*/false, &module, names)
                         .first->graph;
  const auto unit = module._ivalue()->compilation_unit();
  // The module was given a name when it was made.
  const c10::QualifiedName name(module.type()->name().value(), "logits");
  module.type()->addMethod(unit->create_function(name, graph));
  module.define(forward_source(types));
}

/// Texts of all kinds of lengths, always the same.
Batch check_batch(const Limits& limits) {
  const auto offsets = std::make_shared<std::vector<std::int32_t>>(1, 0);
  for (const std::int64_t length : {1, 2, 3, 7, 16, 33, 64, 127}) {
    offsets->push_back(offsets->back() + static_cast<std::int32_t>(std::min(length, limits.max_length)));
  }
  const std::int64_t total = offsets->back();
  std::uint64_t state = 1;
  const auto draw = [&](std::int64_t count) {
    at::Tensor values = at::zeros({total}, at::kLong);
    for (std::int64_t i = 0; i < total; ++i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;  // Knuth's MMIX
      values.data_ptr<std::int64_t>()[i] =
          static_cast<std::int64_t>((state >> 33) % static_cast<std::uint64_t>(count));
    }
    return values;
  };
  const at::Tensor ids = draw(limits.vocabulary_size);
  const at::Tensor types =
      limits.type_count > 0 ? draw(std::min<std::int64_t>(limits.type_count, 3)) : at::Tensor();
  return {ids, types, Sequences::ragged(offsets)};
}

at::Tensor run(Module& module, std::vector<c10::IValue> inputs) {
  const Interruptible interruptible;
  try {
    return module.forward(std::move(inputs)).toTensor();
  } catch (...) {
    check_stop();  // the interpreter wraps everything that passes through it
    throw;
  }
}

double difference_of(const Model& model, Module& module, const Batch& batch) {
  const Batch dense = batch.padded();
  std::vector<c10::IValue> inputs{dense.ids, dense.sequences.mask()};
  if (dense.types.defined()) inputs.emplace_back(dense.types);
  const at::Tensor theirs = run(module, std::move(inputs));
  const at::Tensor ours = model.logits(batch, {});
  if (theirs.sizes() != ours.sizes()) return INFINITY;
  return theirs.sub(ours).abs().max().item<double>();
}

/// Loads the file again and compares it with the model, with segment ids and without.
ExportCheck check(const Model& model, const std::string& file) {
  // Plain interpretation: the profiling executor would compile for these shapes.
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  Module module = read_module(file);
  Batch batch = check_batch(model.limits());
  double difference = difference_of(model, module, batch);
  if (batch.types.defined()) {
    batch.types = at::Tensor();
    difference = std::max(difference, difference_of(model, module, batch));
  }
  const std::vector<std::int32_t>& offsets = *batch.sequences.offsets();
  if (!(difference <= kTolerance)) {
    throw Error("INTERNAL", "the exported module's logits differ from the model's by " +
                                std::to_string(difference) + "; nothing was written");
  }
  const std::size_t texts = offsets.size() - 1;
  return {static_cast<std::int64_t>(texts), offsets[1], offsets[texts] - offsets[texts - 1], difference};
}

}  // namespace

ExportCheck export_torchscript(const Model& model, const std::string& file,
                               const std::map<std::string, std::string>& extra_files) {
  if (model.parameters().precision() != Precision::kFloat32) {
    throw Error("INVALID_OPTION", "a model is exported in fp32; load it with precision fp32");
  }
  const at::NoGradGuard no_gradients;
  ModuleTree modules;
  {
    const SeparateParameters separate(model.parameters(), modules);
    trace(model, modules.root(), separate);
  }
  check_stop();
  write_module(modules.root(), file, extra_files);
  return check(model, file);
}

}  // namespace tagformer
