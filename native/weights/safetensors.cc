#include "weights/safetensors.h"

#include <fcntl.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "runtime/error.h"
#include "weights/file.h"
#include "weights/safetensors_header.h"
#include "weights/weight_reader.h"

namespace tagformer {
namespace {

/// The names under which the model may know a tensor of a file.
std::vector<std::string> candidates(std::string name, const std::string& prefix) {
  // TensorFlow's names, still found in the first BERT checkpoints.
  if (name.ends_with("LayerNorm.gamma")) name.replace(name.size() - 5, 5, "weight");
  if (name.ends_with("LayerNorm.beta")) name.replace(name.size() - 4, 4, "bias");
  return {name, prefix + name};
}

/// The parameter that a tensor of a file is for.
std::pair<const Parameter*, const Parameter::Part*> find(const ParameterSet& parameters,
                                                         const std::string& name, const std::string& prefix) {
  for (const std::string& candidate : candidates(name, prefix)) {
    const auto found = parameters.find(candidate);
    if (found.second != nullptr) return found;
  }
  return {nullptr, nullptr};
}

}  // namespace

LoadReport load_parameters(ParameterSet& parameters, const std::vector<TensorSource>& sources,
                           const LoadSettings& settings, const Conversion& conversion) {
  LoadReport report;
  std::string problems;
  std::set<const Parameter::Part*> named;
  const auto reader = std::make_shared<WeightReader>(settings.deviation, settings.seed);
  for (const TensorSource& source : sources) {
    const auto [parameter, part] = find(parameters, source.name, settings.prefix);
    if (part == nullptr) {
      report.ignored.push_back(source.name);
      continue;
    }
    report.has_scores = report.has_scores || parameter->scores;
    if (parameter->scores && settings.fresh_scores) continue;
    if (source.shape != part->shape) {
      problems += "\n  " + source.name + " has shape " + text_of_shape(source.shape) + "; expected " +
                  text_of_shape(part->shape);
      named.insert(part);
    } else if (!named.insert(part).second) {
      problems += "\n  " + source.name + " is there twice, under two names";
    } else {
      reader->add(*part, source);
    }
  }
  for (const auto& parameter : parameters.all()) {
    for (const Parameter::Part& part : parameter->parts) {
      if (named.contains(&part)) continue;
      if (!sources.empty() && !parameter->head) {
        problems += "\n  " + part.name + " " + text_of_shape(part.shape) + " is missing";
      } else {
        report.initialised.push_back(part.name);
      }
    }
  }
  if (!problems.empty()) {
    throw Error("INVALID_MODEL", "the weights do not fit config.json:" + problems);
  }
  reader->load(parameters, conversion);
  parameters.set_reread(
      [reader](const Parameter& parameter, float* master) { reader->reread(parameter, master); });
  return report;
}

void save_parameters(const ParameterSet& parameters, const std::string& file) {
  std::vector<TensorHeader> tensors;
  for (const auto& parameter : parameters.all()) {
    for (const Parameter::Part& part : parameter->parts) tensors.push_back({part.name, part.shape});
  }
  const std::string header = safetensors_header(tensors);
  File out(file, O_WRONLY | O_CREAT | O_TRUNC);
  out.write(header.data(), static_cast<std::int64_t>(header.size()));
  for (const auto& parameter : parameters.all()) {
    const at::Tensor values = parameters.master_of(*parameter).detach().to(at::kCPU);
    out.write(static_cast<const char*>(values.const_data_ptr()), values.numel() * 4);
  }
  out.finish();
}

}  // namespace tagformer
