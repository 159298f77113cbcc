#include "weights/safetensors.h"

#include <fcntl.h>

#include <memory>
#include <set>
#include <string>

#include "runtime/error.h"
#include "weights/file.h"
#include "weights/origins.h"

namespace tagformer {
namespace {

/// Bytes of a cache line.
constexpr std::size_t kLine = 64;

std::string text_of(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

/// The names under which the model may know a tensor of a file.
std::vector<std::string> candidates(std::string name, const std::string& prefix) {
  // TensorFlow's names, still found in the first BERT checkpoints.
  if (name.ends_with("LayerNorm.gamma")) name.replace(name.size() - 5, 5, "weight");
  if (name.ends_with("LayerNorm.beta")) name.replace(name.size() - 4, 4, "bias");
  return {name, prefix + name};
}

std::string json_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string header_of(const ParameterSet& parameters) {
  std::string json = R"({"__metadata__":{"format":"pt"})";
  std::int64_t at = 0;
  for (const auto& parameter : parameters.all()) {
    for (const Parameter::Part& part : parameter->parts) {
      json += "," + json_string(part.name) + R"(:{"dtype":"F32","shape":)" + text_of(part.shape) +
              R"(,"data_offsets":[)" + std::to_string(at) + "," + std::to_string(at + part.count * 4) + "]}";
      at += part.count * 4;
    }
  }
  json += '}';
  // With the 8 bytes of its length the header ends where a cache line does, and so may mapped weights begin.
  json.append((kLine - (json.size() + 8) % kLine) % kLine, ' ');
  return json;
}

}  // namespace

LoadReport load_parameters(ParameterSet& parameters, const std::vector<TensorSource>& sources,
                           const std::string& prefix, double deviation, std::uint64_t seed,
                           const Conversion& conversion) {
  LoadReport report;
  std::string problems;
  std::set<const Parameter::Part*> named;
  const auto origins = std::make_shared<Origins>(deviation, seed);
  for (const TensorSource& source : sources) {
    const Parameter::Part* part = nullptr;
    for (const std::string& name : candidates(source.name, prefix)) {
      part = parameters.find(name).second;
      if (part != nullptr) break;
    }
    if (part == nullptr) {
      report.ignored.push_back(source.name);
    } else if (source.shape != part->shape) {
      problems +=
          "\n  " + source.name + " has shape " + text_of(source.shape) + "; expected " + text_of(part->shape);
      named.insert(part);
    } else if (!named.insert(part).second) {
      problems += "\n  " + source.name + " is there twice, under two names";
    } else {
      origins->add(*part, source);
    }
  }
  for (const auto& parameter : parameters.all()) {
    for (const Parameter::Part& part : parameter->parts) {
      if (named.contains(&part)) continue;
      if (!sources.empty() && !parameter->head) {
        problems += "\n  " + part.name + " " + text_of(part.shape) + " is missing";
      } else {
        report.initialised.push_back(part.name);
      }
    }
  }
  if (!problems.empty()) {
    throw Error("INVALID_MODEL", "the weights do not fit config.json:" + problems);
  }
  origins->load(parameters, conversion);
  parameters.set_reread(
      [origins](const Parameter& parameter, float* master) { origins->reread(parameter, master); });
  return report;
}

void save_parameters(const ParameterSet& parameters, const std::string& file) {
  const std::string header = header_of(parameters);
  File out(file, O_WRONLY | O_CREAT | O_TRUNC);
  const std::uint64_t length = header.size();
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out.write(header.data(), static_cast<std::int64_t>(header.size()));
  for (const auto& parameter : parameters.all()) {
    const at::Tensor values = parameters.master_of(*parameter).detach().to(at::kCPU);
    out.write(static_cast<const char*>(values.const_data_ptr()), values.numel() * 4);
  }
  out.finish();
}

}  // namespace tagformer
