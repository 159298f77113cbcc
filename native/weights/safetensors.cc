#include "weights/safetensors.h"

#include <ATen/ops/empty.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <set>

#include "runtime/error.h"
#include "runtime/random.h"
#include "runtime/stop.h"

namespace tagformer {
namespace {

/// Bytes read or written between two looks at the stop flag.
constexpr std::int64_t kChunk = 8 << 20;

/// An open file that closes itself.
class File {
 public:
  File(const std::string& path, int flags)
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg,bugprone-signed-bitwise): so is POSIX's open
      : path_(path), descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) fail("open");
  }
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void read(char* to, std::int64_t begin, std::int64_t count) const {
    while (count > 0) {
      const ssize_t got = ::pread(descriptor_, to, static_cast<std::size_t>(count), begin);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("read");
      if (got == 0) throw Error("INVALID_MODEL", path_ + " ended early: it was cut while it was being read");
      to += got;
      begin += got;
      count -= got;
    }
  }

  void write(const char* from, std::int64_t count) const {
    while (count > 0) {
      check_stop();
      const ssize_t put = ::write(descriptor_, from, static_cast<std::size_t>(std::min(count, kChunk)));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail("write");
      from += put;
      count -= put;
    }
  }

  /// Flushes to disk and closes; a failure of either means that the file was not saved.
  void finish() {
    if (::fsync(descriptor_) != 0) fail("flush");
    const int descriptor = std::exchange(descriptor_, -1);
    if (::close(descriptor) != 0) fail("close");
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw Error("IO", std::string("could not ") + what + " " + path_ + ": " + std::strerror(errno));
  }

  std::string path_;
  int descriptor_;
};

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

void read_tensor(const TensorSource& source, const File& file, float* to, std::int64_t count) {
  const Format& format = format_of(source);
  if (source.end - source.begin != count * format.bytes) {
    throw Error("INVALID_MODEL", "tensor " + source.name + " in " + source.file + " has " +
                                     std::to_string(source.end - source.begin) + " bytes; expected " +
                                     std::to_string(count * format.bytes));
  }
  const std::int64_t step = kChunk / format.bytes;
  const auto buffer =
      std::make_unique_for_overwrite<char[]>(static_cast<std::size_t>(std::min(count, step) * format.bytes));
  for (std::int64_t first = 0; first < count; first += step) {
    check_stop();
    const std::int64_t now = std::min(step, count - first);
    file.read(buffer.get(), source.begin + first * format.bytes, now * format.bytes);
    format.convert(buffer.get(), to + first, now);
  }
  if (!std::all_of(to, to + count, [](float x) { return std::isfinite(x); })) {
    throw Error("INVALID_MODEL",
                "tensor " + source.name + " in " + source.file + " holds NaN or infinite values");
  }
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

void initialise(const Parameter& parameter, const Parameter::Part& part, double deviation,
                std::uint64_t seed) {
  float* const to = parameter.master.data_ptr<float>() + part.begin;
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
  json.append((8 - json.size() % 8) % 8, ' ');
  return json;
}

}  // namespace

LoadReport load_parameters(ParameterSet& parameters, const std::vector<TensorSource>& sources,
                           const std::string& prefix, double deviation, std::uint64_t seed) {
  LoadReport report;
  std::string problems;
  std::set<const Parameter::Part*> filled;
  std::map<std::string, std::unique_ptr<File>> files;
  for (const TensorSource& source : sources) {
    Parameter* parameter = nullptr;
    const Parameter::Part* part = nullptr;
    for (const std::string& name : candidates(source.name, prefix)) {
      std::tie(parameter, part) = parameters.find(name);
      if (part != nullptr) break;
    }
    if (part == nullptr) {
      report.ignored.push_back(source.name);
      continue;
    }
    if (source.shape != part->shape) {
      problems +=
          "\n  " + source.name + " has shape " + text_of(source.shape) + "; expected " + text_of(part->shape);
      filled.insert(part);
      continue;
    }
    if (!filled.insert(part).second) {
      problems += "\n  " + source.name + " is there twice, under two names";
      continue;
    }
    auto& file = files[source.file];
    if (file == nullptr) file = std::make_unique<File>(source.file, O_RDONLY);
    read_tensor(source, *file, parameter->master.data_ptr<float>() + part->begin, part->count);
  }
  for (const auto& parameter : parameters.all()) {
    for (const Parameter::Part& part : parameter->parts) {
      if (filled.contains(&part)) continue;
      if (!sources.empty() && !parameter->head) {
        problems += "\n  " + part.name + " " + text_of(part.shape) + " is missing";
        continue;
      }
      initialise(*parameter, part, deviation, seed);
      report.initialised.push_back(part.name);
    }
  }
  if (!problems.empty()) {
    throw Error("INVALID_MODEL", "the weights do not fit config.json:" + problems);
  }
  parameters.round_copies();
  return report;
}

void save_parameters(const ParameterSet& parameters, const std::string& file) {
  const std::string header = header_of(parameters);
  File out(file, O_WRONLY | O_CREAT | O_TRUNC);
  const std::uint64_t length = header.size();
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out.write(header.data(), static_cast<std::int64_t>(header.size()));
  for (const auto& parameter : parameters.all()) {
    const at::Tensor values = parameter->master.detach().to(at::kCPU);
    out.write(static_cast<const char*>(values.const_data_ptr()), values.numel() * 4);
  }
  out.finish();
}

}  // namespace tagformer
