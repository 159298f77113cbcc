#include "training/checkpoint.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "runtime/error.h"
#include "runtime/page_memory.h"
#include "runtime/stop.h"
#include "weights/file.h"
#include "weights/safetensors_header.h"

namespace tagformer {
namespace {

/// Bytes that are copied and written, or read, at a time: they stay in the cache of a core.
constexpr std::int64_t kBlock = 1 << 20;

/// What a file calls the kinds of tensors.
constexpr const char* kWeights = "weights.";
constexpr const char* kMeans = "means.";
constexpr const char* kSquares = "squares.";
constexpr const char* kAverages = "averages.";
/// Those of a model have no names of their own.
constexpr const char* kBuffers = "buffers.";

/// The bytes of a tensor of any type, in a copy on the CPU: buffers change while the next step computes.
at::Tensor bytes_of(const at::Tensor& tensor) {
  const at::Tensor copy =
      tensor.detach().to(at::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  return copy.contiguous().flatten().view(at::kByte);
}

at::Tensor part_of(const at::Tensor& whole, const Parameter::Part& part) {
  return whole.flatten().narrow(0, part.begin, part.count).view(part.shape);
}

/// The tensors of a file by name. What is taken is no longer left over.
class Sources {
 public:
  explicit Sources(const std::vector<TensorSource>& sources) {
    for (const TensorSource& source : sources) {
      std::shared_ptr<File>& file = files_[source.file];
      if (file == nullptr) file = std::make_shared<File>(source.file, O_RDONLY);
      tensors_.emplace(source.name, source);
    }
  }

  /// A parameter's numbers of one kind, of the shape of `like`, on the CPU.
  at::Tensor read(const char* kind, const Parameter& parameter, const at::Tensor& like) {
    at::Tensor whole = zeros_in_pages(like.sizes(), at::kFloat);
    for (const Parameter::Part& part : parameter.parts) {
      take_to(whole.data_ptr<float>() + part.begin, kind + part.name, part.shape, "F32");
    }
    return whole;
  }

  void read_buffers(const std::vector<at::Tensor>& buffers) {
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      const at::Tensor values = at::empty(buffers[i].sizes(), buffers[i].options().device(at::kCPU));
      const auto bytes = static_cast<std::int64_t>(values.nbytes());
      take_to(values.data_ptr(), kBuffers + std::to_string(i), {bytes}, "U8");
      buffers[i].copy_(values);
    }
  }

  void require_empty() const {
    if (tensors_.empty()) return;
    throw Error("INVALID_MODEL",
                "the checkpoint is of another model: this one has no tensor for " + tensors_.begin()->first);
  }

 private:
  void take_to(void* to, const std::string& name, const std::vector<std::int64_t>& shape,
               const std::string& dtype) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end() || found->second.shape != shape || found->second.dtype != dtype) {
      throw Error("INVALID_MODEL", "the checkpoint is of another model: it has no tensor " + name +
                                       " of the model's shape in " + dtype);
    }
    read_to(static_cast<char*>(to), found->second);
    tensors_.erase(found);
  }

  /// Zeros are not written: moments of rows that no text has named take no memory, as in the training that
  /// they come from.
  void read_to(char* out, const TensorSource& source) {
    const File& file = *files_.at(source.file);
    std::vector<char> block(kBlock);
    for (std::int64_t at = source.begin; at < source.end; at += kBlock) {
      check_stop();
      const std::int64_t count = std::min(kBlock, source.end - at);
      file.read(block.data(), at, count);
      const auto end = block.begin() + count;
      if (std::any_of(block.begin(), end, [](char byte) { return byte != 0; })) {
        std::copy(block.begin(), end, out);
      }
      out += count;
    }
  }

  std::map<std::string, std::shared_ptr<File>> files_;
  std::map<std::string, TensorSource> tensors_;
};

}  // namespace

std::vector<NamedTensor> checkpoint_tensors(const Model& model, const std::vector<Moments>& moments) {
  std::vector<NamedTensor> tensors;
  for (const auto& parameter : model.parameters().all()) {
    const auto add = [&](const char* kind, const at::Tensor& tensor) {
      if (!tensor.defined()) return;  // of what is frozen, or not averaged
      const at::Tensor here = tensor.detach().to(at::kCPU);
      for (const Parameter::Part& part : parameter->parts)
        tensors.push_back({kind + part.name, part_of(here, part)});
    };
    add(kWeights, parameter->master);
    add(kMeans, moments[parameter->index].mean);
    add(kSquares, moments[parameter->index].square);
    add(kAverages, moments[parameter->index].average);
  }
  const std::vector<at::Tensor> buffers = model.buffers();
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    tensors.push_back({kBuffers + std::to_string(i), bytes_of(buffers[i])});
  }
  return tensors;
}

std::vector<Moments> read_checkpoint(const std::vector<TensorSource>& sources, Model& model,
                                     const std::vector<Moments>& present) {
  const at::NoGradGuard no_gradients;
  Sources file(sources);
  std::vector<Moments> moments(present.size());
  for (const auto& parameter : model.parameters().all()) {
    const Moments& like = present[parameter->index];
    parameter->master.copy_(file.read(kWeights, *parameter, parameter->master));
    if (parameter->has_copy()) parameter->value.copy_(parameter->master);
    if (!like.mean.defined()) continue;
    const auto read = [&](const char* kind) {
      return file.read(kind, *parameter, like.mean).to(like.mean.device());
    };
    moments[parameter->index] = {.mean = read(kMeans),
                                 .square = read(kSquares),
                                 .average = like.average.defined() ? read(kAverages) : at::Tensor()};
  }
  file.read_buffers(model.buffers());
  file.require_empty();
  return moments;
}

std::vector<Moments> share_checkpoint(Group& group, Model& model, std::vector<Moments> moments) {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> tensors = model.buffers();
  for (const auto& parameter : model.parameters().all()) {
    tensors.push_back(parameter->master);
    const auto& [mean, square, average] = moments[parameter->index];
    for (const at::Tensor& tensor : {mean, square, average}) {
      if (tensor.defined()) tensors.push_back(tensor);
    }
  }
  group.broadcast(tensors);
  for (const auto& parameter : model.parameters().all()) {
    if (parameter->has_copy()) parameter->value.copy_(parameter->master);
  }
  return moments;
}

CheckpointWriter::CheckpointWriter(std::vector<NamedTensor> tensors, std::string file, Done done) {
  std::vector<TensorHeader> headers;
  for (NamedTensor& tensor : tensors) {
    const bool bytes = tensor.values.scalar_type() == at::kByte;
    headers.push_back({std::move(tensor.name), tensor.values.sizes().vec(), bytes});
    const auto* const from = static_cast<const char*>(tensor.values.const_data_ptr());
    const auto count = static_cast<std::int64_t>(tensor.values.nbytes());
    rest_.push_back({std::move(tensor.values), from, count});
  }
  header_ = safetensors_header(headers);
  thread_ = std::thread([this, file = std::move(file), done = std::move(done)] { run(file, done); });
}

CheckpointWriter::~CheckpointWriter() {
  stop_ = true;
  thread_.join();
}

void CheckpointWriter::detach() {
  const std::scoped_lock lock(mutex_);
  if (std::exchange(detached_, true)) return;
  try {
    for (Piece& piece : rest_) piece = copy_of(piece);
  } catch (...) {
    failure_ = std::current_exception();
    rest_.clear();
  }
}

CheckpointWriter::Piece CheckpointWriter::copy_of(const Piece& piece) {
  at::Tensor copy = zeros_in_pages({piece.count}, at::kByte);
  auto* const to = static_cast<char*>(copy.data_ptr());
  std::memcpy(to, piece.from, static_cast<std::size_t>(piece.count));
  return {std::move(copy), to, piece.count};
}

void CheckpointWriter::run(const std::string& file, const Done& done) {
  StopFlag::of_thread().watch(&stop_);
  std::exception_ptr failure;
  try {
    write(file);
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::scoped_lock lock(mutex_);
    rest_.clear();
  }
  done_ = true;
  done(failure);
}

void CheckpointWriter::write(const std::string& file) {
  File out(file, O_WRONLY | O_CREAT | O_TRUNC);
  out.write(header_.data(), static_cast<std::int64_t>(header_.size()));
  std::vector<char> block;
  while (take(block)) out.write(block.data(), static_cast<std::int64_t>(block.size()));
  out.finish();
}

bool CheckpointWriter::take(std::vector<char>& block) {
  const std::scoped_lock lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
  if (rest_.empty()) return false;
  Piece& piece = rest_.front();
  const std::int64_t count = std::min(kBlock, piece.count);
  block.assign(piece.from, piece.from + count);
  piece.from += count;
  piece.count -= count;
  if (piece.count == 0) rest_.pop_front();
  return true;
}

}  // namespace tagformer
