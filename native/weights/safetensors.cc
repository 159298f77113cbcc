#include "weights/safetensors.h"

#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "kernels/cpu/kernels.h"
#include "runtime/error.h"
#include "runtime/random.h"
#include "runtime/stop.h"
#include "weights/file.h"

namespace tagformer {
namespace {

/// Bytes of a cache line.
constexpr std::size_t kLine = 64;
/// Elements read at a time: few enough that they are converted and checked while they are in the cache.
constexpr std::int64_t kStep = 1 << 16;

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

template <typename T>
void convert(const char* bytes, float* to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    T value{};
    std::memcpy(&value, bytes + i * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
    to[i] = static_cast<float>(value);
  }
}

struct Format {
  const char* name;
  std::int64_t bytes;
  void (*convert)(const char*, float*, std::int64_t);
};

constexpr Format kFormats[] = {
    {"F32", 4, convert<float>},
    {"F16", 2, convert<c10::Half>},
    {"BF16", 2, convert<c10::BFloat16>},
    {"F64", 8, convert<double>},
};

const Format& format_of(const TensorSource& source) {
  for (const Format& format : kFormats) {
    if (source.dtype == format.name) return format;
  }
  throw Error("INVALID_MODEL", "tensor " + source.name + " in " + source.file + " has element type " +
                                   source.dtype + "; expected F32, F16, BF16 or F64");
}

bool all_finite(const float* values, std::int64_t count) {
  // Without a branch, so that it is compiled to vectors: the exponent of NaN and infinities is all ones.
  constexpr std::uint32_t kExponent = 0x7F800000;
  std::uint32_t bad = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    bad |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(values[i]) & kExponent) == kExponent);
  }
  return bad == 0;
}

/// A tensor of a file, and where its numbers go; to neither when they are only checked.
struct Reading {
  const TensorSource* source;
  const File* file;
  std::int64_t count;
  float* master;
  cpu::bf16* copy;
};

void check_size(const TensorSource& source, std::int64_t count) {
  const std::int64_t bytes = count * format_of(source).bytes;
  if (source.end - source.begin == bytes) return;
  throw Error("INVALID_MODEL", "tensor " + source.name + " in " + source.file + " has " +
                                   std::to_string(source.end - source.begin) + " bytes; expected " +
                                   std::to_string(bytes));
}

/// Reads elements [first, first + count) of a tensor; `values` and `bytes` have room for them.
void read_step(const Reading& reading, std::int64_t first, std::int64_t count, float* values, char* bytes) {
  const Format& format = format_of(*reading.source);
  if (reading.master != nullptr) values = reading.master + first;
  const bool as_stored = format.convert == &convert<float>;
  char* const to = as_stored ? reinterpret_cast<char*>(values) : bytes;
  reading.file->read(to, reading.source->begin + first * format.bytes, count * format.bytes);
  if (!as_stored) format.convert(bytes, values, count);
  if (!all_finite(values, count)) {
    throw Error("INVALID_MODEL", "tensor " + reading.source->name + " in " + reading.source->file +
                                     " holds NaN or infinite values");
  }
  if (reading.copy != nullptr) cpu::kernels().round_to_bf16(values, reading.copy + first, count);
}

/// Reads tensors, with all threads.
void read_all(const std::vector<Reading>& readings) {
  std::vector<std::pair<const Reading*, std::int64_t>> steps;
  for (const Reading& reading : readings) {
    check_size(*reading.source, reading.count);
    for (std::int64_t first = 0; first < reading.count; first += kStep) steps.emplace_back(&reading, first);
  }
  const StopFlag stop = StopFlag::of_thread();
  at::parallel_for(0, static_cast<std::int64_t>(steps.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    const auto values = std::make_unique_for_overwrite<float[]>(kStep);
    const auto bytes = std::make_unique_for_overwrite<char[]>(kStep * sizeof(double));
    for (std::int64_t i = begin; i < end; ++i) {
      stop.check();
      const auto [reading, first] = steps[static_cast<std::size_t>(i)];
      read_step(*reading, first, std::min(kStep, reading->count - first), values.get(), bytes.get());
    }
  });
}

void fill_sinusoidal(float* to, std::int64_t rows, std::int64_t width) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; ++j) {
      const double exponent = static_cast<double>(j - j % 2) / static_cast<double>(width);
      const double angle = static_cast<double>(i) / std::pow(10000.0, exponent);
      to[i * width + j] = static_cast<float>(j % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
}

void initialise(const Parameter& parameter, const Parameter::Part& part, float* to, double deviation,
                std::uint64_t seed) {
  switch (parameter.initial) {
    case Initial::kNormal:
      // The stream follows from the name, so that a tensor starts the same whatever surrounds it.
      fill_normal(to, part.count, parameter.deviation.value_or(deviation), parameter.cutoff, seed,
                  stream_of(part.name));
      break;
    case Initial::kZeros:
      std::fill(to, to + part.count, 0.0F);
      break;
    case Initial::kOnes:
      std::fill(to, to + part.count, 1.0F);
      break;
    case Initial::kSinusoidal:
      fill_sinusoidal(to, part.shape[0], part.shape[1]);
      break;
  }
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

/// Where each part of a model's parameters comes from.
class Origins {
 public:
  Origins(double deviation, std::uint64_t seed) : deviation_(deviation), seed_(seed) {}

  void add(const Parameter::Part& part, const TensorSource& source) {
    auto& file = files_[source.file];
    if (file == nullptr) file = std::make_shared<File>(source.file, O_RDONLY);
    tensors_.emplace(&part, std::pair(source, file));
  }
  [[nodiscard]] bool has(const Parameter::Part& part) const { return tensors_.contains(&part); }

  /// Fills all parameters: their masters, or only their bf16 copies where they have no masters.
  void load(const ParameterSet& parameters) const {
    std::vector<Reading> readings;
    for (const auto& parameter : parameters.all()) {
      const bool mapped = map(*parameter);
      at::Tensor master = parameter->master;
      if (!master.defined() && !from_files(*parameter)) {
        master = at::empty(parameter->value.sizes(), at::kFloat);
      }
      float* const to = master.defined() && !mapped ? master.data_ptr<float>() : nullptr;
      auto* const copy =
          parameter->has_copy() ? static_cast<cpu::bf16*>(parameter->value.data_ptr()) : nullptr;
      fill(*parameter, to, copy, readings);
    }
    read_all(readings);
    check_unchanged();
  }

  /// Fills the master of one parameter, as it was at the first time.
  void reread(const Parameter& parameter, float* master) const {
    check_unchanged();
    std::vector<Reading> readings;
    fill(parameter, master, nullptr, readings);
    read_all(readings);
    check_unchanged();
  }

 private:
  [[nodiscard]] bool from_files(const Parameter& parameter) const {
    return std::ranges::all_of(parameter.parts, [this](const auto& part) { return has(part); });
  }

  /// Initialises the parts that no file holds, and adds the others to `readings`.
  void fill(const Parameter& parameter, float* master, cpu::bf16* copy,
            std::vector<Reading>& readings) const {
    for (const Parameter::Part& part : parameter.parts) {
      float* const to = master == nullptr ? nullptr : master + part.begin;
      cpu::bf16* const rounded = copy == nullptr ? nullptr : copy + part.begin;
      const auto found = tensors_.find(&part);
      if (found != tensors_.end()) {
        const auto& [source, file] = found->second;
        readings.push_back({&source, file.get(), part.count, to, rounded});
        continue;
      }
      initialise(parameter, part, to, deviation_, seed_);
      if (rounded != nullptr) cpu::kernels().round_to_bf16(to, rounded, part.count);
    }
  }

  /// Lets a parameter be the bytes of its file, where that is possible and nobody may write to the file.
  bool map(Parameter& parameter) const {
    const auto found = tensors_.find(&parameter.parts.front());
    if (parameter.has_copy() || parameter.parts.size() > 1 || found == tensors_.end()) return false;
    const auto& [source, file] = found->second;
    const bool fits = source.dtype == "F32" && source.begin % alignof(float) == 0;
    check_size(source, found->first->count);
    if (!fits || found->first->count == 0 || !file->is_read_only()) return false;
    std::shared_ptr<char> bytes = file->map();
    char* const first = bytes.get() + source.begin;
    parameter.master = at::from_blob(
        first, parameter.master.sizes(), [bytes](void*) {}, parameter.master.options());
    parameter.value = parameter.master;
    parameter.value.requires_grad_(true);
    return true;
  }

  void check_unchanged() const {
    for (const auto& [path, file] : files_) {
      if (!file->has_changed()) continue;
      throw Error("IO", path + " was changed since the model began to load, so that its weights are no longer "
                               "known in full precision; load the model again");
    }
  }

  double deviation_;
  std::uint64_t seed_;
  std::map<std::string, std::shared_ptr<File>> files_;
  std::map<const Parameter::Part*, std::pair<TensorSource, std::shared_ptr<File>>> tensors_;
};

}  // namespace

LoadReport load_parameters(ParameterSet& parameters, const std::vector<TensorSource>& sources,
                           const std::string& prefix, double deviation, std::uint64_t seed) {
  LoadReport report;
  std::string problems;
  std::set<const Parameter::Part*> named;
  auto origins = std::make_shared<Origins>(deviation, seed);
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
  origins->load(parameters);
  if (parameters.precision() == Precision::kBfloat16) {
    parameters.set_reread(
        [origins](const Parameter& parameter, float* master) { origins->reread(parameter, master); });
  }
  return report;
}

