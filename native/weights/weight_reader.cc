#include "weights/weight_reader.h"

#include <ATen/ops/from_blob.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "runtime/error.h"
#include "runtime/page_memory.h"
#include "runtime/parallel.h"
#include "runtime/random.h"

namespace tagformer {
namespace {

/// Elements read at a time: few enough that they are converted and checked while they are in the cache.
constexpr std::int64_t kStep = 1 << 14;

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

void check_size(const TensorSource& source, std::int64_t count) {
  const std::int64_t bytes = count * format_of(source).bytes;
  if (source.end - source.begin == bytes) return;
  throw Error("INVALID_MODEL", "tensor " + source.name + " in " + source.file + " has " +
                                   std::to_string(source.end - source.begin) + " bytes; expected " +
                                   std::to_string(bytes));
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

/// Reads elements of a tensor as fp32, up to kStep at a time.
class StepReader {
 public:
  /// To `to`, or where that is null to memory of its own; returns where. Throws INVALID_MODEL or IO.
  const float* read(const TensorSource& source, const File& file, std::int64_t first, std::int64_t count,
                    float* to = nullptr) {
    const Format& format = format_of(source);
    if (to == nullptr && values_ == nullptr) values_ = std::make_unique_for_overwrite<float[]>(kStep);
    float* const values = to == nullptr ? values_.get() : to;
    const bool as_stored = format.convert == &convert<float>;
    if (!as_stored) bytes_.resize(static_cast<std::size_t>(count * format.bytes));
    char* const bytes = as_stored ? reinterpret_cast<char*>(values) : bytes_.data();
    file.read(bytes, source.begin + first * format.bytes, count * format.bytes);
    if (!as_stored) format.convert(bytes, values, count);
    if (!all_finite(values, count)) {
      throw Error("INVALID_MODEL",
                  "tensor " + source.name + " in " + source.file + " holds NaN or infinite values");
    }
    return values;
  }

 private:
  std::unique_ptr<float[]> values_;
  std::vector<char> bytes_;
};

}  // namespace

/// The rows of a parameter as its files have them.
class WeightReader::Rows final : public RowSource {
 public:
  Rows(const WeightReader& reader, const Parameter& parameter) : reader_(reader), parameter_(parameter) {
    for (const Parameter::Part& part : parameter.parts) {
      check_size(reader.tensors_.at(&part).source, part.count);
    }
  }

  void read(std::int64_t first, std::int64_t count, float* to) const override {
    reader_.read_rows(parameter_, first, count, to);
  }
  void read(std::int64_t first, std::int64_t count, cpu::bf16* to) const override {
    reader_.read_rows(parameter_, first, count, to);
  }

 private:
  const WeightReader& reader_;
  const Parameter& parameter_;
};

void WeightReader::add(const Parameter::Part& part, const TensorSource& source) {
  auto& file = files_[source.file];
  if (file == nullptr) file = std::make_shared<File>(source.file, O_RDONLY);
  tensors_.insert({&part, {source, file}});
}

void WeightReader::load(const ParameterSet& parameters, const Conversion& conversion) const {
  for (const auto& parameter : parameters.all()) {
    const bool mapped = can_map(*parameter);
    const bool converted =
        !mapped && from_files(*parameter) && conversion.read(Rows(*this, *parameter), *parameter);
    if (converted) continue;
    if (mapped) map(*parameter);
    std::vector<Reading> readings;
    at::Tensor master = parameter->master;
    if (!master.defined() && !from_files(*parameter)) {
      master = zeros_in_pages(parameter->value.sizes(), at::kFloat);
    }
    float* const to = master.defined() && !mapped ? master.data_ptr<float>() : nullptr;
    auto* const copy = parameter->has_copy() ? static_cast<cpu::bf16*>(parameter->value.data_ptr()) : nullptr;
    fill(*parameter, to, copy, readings);
    read_all(readings);
    conversion.filled(*parameter);
  }
  check_unchanged();
}

void WeightReader::reread(const Parameter& parameter, float* master) const {
  check_unchanged();
  std::vector<Reading> readings;
  fill(parameter, master, nullptr, readings);
  read_all(readings);
  check_unchanged();
}

bool WeightReader::from_files(const Parameter& parameter) const {
  return std::ranges::all_of(parameter.parts,
                             [this](const Parameter::Part& part) { return tensors_.contains(&part); });
}

bool WeightReader::can_map(const Parameter& parameter) const {
  const auto found = tensors_.find(&parameter.parts.front());
  if (parameter.has_copy() || parameter.parts.size() > 1 || found == tensors_.end()) return false;
  const auto& [source, file] = found->second;
  return source.dtype == "F32" && source.begin % alignof(float) == 0 && file->is_read_only() &&
         found->first->count > 0;
}

void WeightReader::map(Parameter& parameter) const {
  const Parameter::Part& part = parameter.parts.front();
  const auto& [source, file] = tensors_.at(&part);
  check_size(source, part.count);
  const std::shared_ptr<char> bytes = file->map();
  parameter.master =
      at::from_blob(bytes.get() + source.begin, parameter.master.sizes(), [bytes](void*) {}, at::kFloat);
  parameter.value = parameter.master;
  parameter.value.requires_grad_(true);
}

void WeightReader::fill(const Parameter& parameter, float* master, cpu::bf16* copy,
                        std::vector<Reading>& readings) const {
  for (const Parameter::Part& part : parameter.parts) {
    float* const to = master == nullptr ? nullptr : master + part.begin;
    cpu::bf16* const rounded = copy == nullptr ? nullptr : copy + part.begin;
    const auto found = tensors_.find(&part);
    if (found != tensors_.end()) {
      readings.push_back({&found->second, part.count, to, rounded});
      continue;
    }
    initialise(parameter, part, to, deviation_, seed_);
    if (rounded != nullptr) cpu::kernels().round_to_bf16(to, rounded, part.count);
  }
}

void WeightReader::read_all(const std::vector<Reading>& readings) {
  std::vector<std::pair<const Reading*, std::int64_t>> steps;
  for (const Reading& reading : readings) {
    check_size(reading.tensor->source, reading.count);
    for (std::int64_t first = 0; first < reading.count; first += kStep) steps.emplace_back(&reading, first);
  }
  share_out(static_cast<std::int64_t>(steps.size()), 1, [&](const auto& each) {
    StepReader reader;
    each([&](std::int64_t i, std::int64_t) {
      const auto [reading, first] = steps[static_cast<std::size_t>(i)];
      const auto& [source, file] = *reading->tensor;
      const std::int64_t count = std::min(kStep, reading->count - first);
      float* const to = reading->master == nullptr ? nullptr : reading->master + first;
      const float* const values = reader.read(source, *file, first, count, to);
      if (reading->copy != nullptr) cpu::kernels().round_to_bf16(values, reading->copy + first, count);
    });
  });
}

template <typename T>
void WeightReader::read_rows(const Parameter& parameter, std::int64_t first, std::int64_t count,
                             T* to) const {
  StepReader reader;
  const std::int64_t width = parameter.value.numel() / parameter.value.size(0);
  const std::int64_t end = (first + count) * width;
  std::int64_t at = first * width;
  for (const Parameter::Part& part : parameter.parts) {
    const auto& [source, file] = tensors_.at(&part);
    for (const std::int64_t stop = std::min(end, part.begin + part.count); at < stop;) {
      const std::int64_t step = std::min(kStep, stop - at);
      if constexpr (std::is_same_v<T, float>) {
        reader.read(source, *file, at - part.begin, step, to);
      } else {
        cpu::kernels().round_to_bf16(reader.read(source, *file, at - part.begin, step), to, step);
      }
      at += step;
      to += step;
    }
  }
}

void WeightReader::check_unchanged() const {
  for (const auto& [path, file] : files_) {
    if (!file->has_changed()) continue;
    throw Error("IO", path + " was changed since the model began to load; load the model again");
  }
}

}  // namespace tagformer
