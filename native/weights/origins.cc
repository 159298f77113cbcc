#include "weights/origins.h"

#include <ATen/ops/from_blob.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "runtime/error.h"
#include "runtime/pages.h"
#include "runtime/parallel.h"
#include "runtime/random.h"

namespace tagformer {
namespace {

/// Elements read at a time: few enough that they are converted and checked while they are in the cache.
constexpr std::int64_t kStep = 1 << 16;

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

}  // namespace

void Origins::add(const Parameter::Part& part, const TensorSource& source) {
  auto& file = files_[source.file];
  if (file == nullptr) file = std::make_shared<File>(source.file, O_RDONLY);
  tensors_.insert({&part, {source, file}});
}

void Origins::load(const ParameterSet& parameters, const std::function<void(Parameter&)>& loaded) const {
  for (const auto& parameter : parameters.all()) {
    std::vector<Reading> readings;
    const bool mapped = map(*parameter);
    at::Tensor master = parameter->master;
    if (!master.defined() && !from_files(*parameter)) {
      master = zeros_in_pages(parameter->value.sizes(), at::kFloat);
    }
    float* const to = master.defined() && !mapped ? master.data_ptr<float>() : nullptr;
    auto* const copy = parameter->has_copy() ? static_cast<cpu::bf16*>(parameter->value.data_ptr()) : nullptr;
    fill(*parameter, to, copy, readings);
    read_all(readings);
    loaded(*parameter);
  }
  check_unchanged();
}

void Origins::reread(const Parameter& parameter, float* master) const {
  check_unchanged();
  std::vector<Reading> readings;
  fill(parameter, master, nullptr, readings);
  read_all(readings);
  check_unchanged();
}

bool Origins::from_files(const Parameter& parameter) const {
  return std::ranges::all_of(parameter.parts,
                             [this](const Parameter::Part& part) { return tensors_.contains(&part); });
}

bool Origins::map(Parameter& parameter) const {
  const auto found = tensors_.find(&parameter.parts.front());
  if (parameter.has_copy() || parameter.parts.size() > 1 || found == tensors_.end()) return false;
  const auto& [source, file] = found->second;
  if (source.dtype != "F32" || source.begin % alignof(float) != 0 || !file->is_read_only()) return false;
  const std::int64_t count = found->first->count;
  check_size(source, count);
  if (count == 0) return false;
  const std::shared_ptr<char> bytes = file->map();
  parameter.master =
      at::from_blob(bytes.get() + source.begin, parameter.master.sizes(), [bytes](void*) {}, at::kFloat);
  parameter.value = parameter.master;
  parameter.value.requires_grad_(true);
  return true;
}

void Origins::fill(const Parameter& parameter, float* master, cpu::bf16* copy,
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

void Origins::read_step(const Reading& reading, std::int64_t first, std::int64_t count, float* values,
                        char* bytes) {
  const TensorSource& source = reading.tensor->source;
  const Format& format = format_of(source);
  if (reading.master != nullptr) values = reading.master + first;
  const bool as_stored = format.convert == &convert<float>;
  reading.tensor->file->read(as_stored ? reinterpret_cast<char*>(values) : bytes,
                             source.begin + first * format.bytes, count * format.bytes);
  if (!as_stored) format.convert(bytes, values, count);
  if (!all_finite(values, count)) {
    throw Error("INVALID_MODEL",
                "tensor " + source.name + " in " + source.file + " holds NaN or infinite values");
  }
  if (reading.copy != nullptr) cpu::kernels().round_to_bf16(values, reading.copy + first, count);
}

void Origins::read_all(const std::vector<Reading>& readings) {
  std::vector<std::pair<const Reading*, std::int64_t>> steps;
  for (const Reading& reading : readings) {
    check_size(reading.tensor->source, reading.count);
    for (std::int64_t first = 0; first < reading.count; first += kStep) steps.emplace_back(&reading, first);
  }
  share_out(static_cast<std::int64_t>(steps.size()), 1, [&](const auto& each) {
    const auto values = std::make_unique_for_overwrite<float[]>(kStep);
    const auto bytes = std::make_unique_for_overwrite<char[]>(kStep * sizeof(double));
    each([&](std::int64_t i, std::int64_t) {
      const auto [reading, first] = steps[static_cast<std::size_t>(i)];
      read_step(*reading, first, std::min(kStep, reading->count - first), values.get(), bytes.get());
    });
  });
}

void Origins::check_unchanged() const {
  for (const auto& [path, file] : files_) {
    if (!file->has_changed()) continue;
    throw Error("IO", path + " was changed since the model began to load; load the model again");
  }
}

}  // namespace tagformer
