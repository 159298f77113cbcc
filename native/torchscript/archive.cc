#include "torchscript/archive.h"

#include <caffe2/serialize/read_adapter_interface.h>
#include <fcntl.h>
#include <torch/csrc/jit/serialization/export.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "runtime/stop.h"
#include "weights/file.h"

namespace tagformer {
namespace {

/// A file that libtorch reads from, and that checks the stop flag.
class Source : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit Source(const std::string& file) : file_(file, O_RDONLY) {}

  [[nodiscard]] std::size_t size() const override { return static_cast<std::size_t>(file_.size()); }

  std::size_t read(std::uint64_t pos, void* buf, std::size_t n, const char*) const override {
    constexpr std::size_t kChunk = 8 << 20;
    for (std::size_t done = 0; done < n; done += kChunk) {
      check_stop();
      file_.read(static_cast<char*>(buf) + done, static_cast<std::int64_t>(pos + done),
                 static_cast<std::int64_t>(std::min(kChunk, n - done)));
    }
    return n;
  }

 private:
  File file_;
};

/// While it lives, a module's parameters look empty to libtorch's writer, which otherwise computes a checksum
/// of each, for a tenth of a second and more, even when the export was stopped.
class LookEmpty {
 public:
  explicit LookEmpty(const torch::jit::Module& module) {
    for (const at::Tensor& parameter : module.parameters()) {
      c10::StorageImpl* const storage = parameter.storage().unsafeGetStorageImpl();
      sizes_.emplace_back(storage, storage->nbytes());
      storage->set_nbytes(0);
    }
  }
  ~LookEmpty() {
    // The first of a storage that two parameters share has its size.
    for (const auto& [storage, bytes] : sizes_ | std::views::reverse) storage->set_nbytes(bytes);
  }
  LookEmpty(const LookEmpty&) = delete;
  LookEmpty& operator=(const LookEmpty&) = delete;

 private:
  std::vector<std::pair<c10::StorageImpl*, std::size_t>> sizes_;
};

}  // namespace

void write_module(const torch::jit::Module& module, const std::string& file,
                  const std::map<std::string, std::string>& extra_files) {
  File out(file, O_WRONLY | O_CREAT | O_TRUNC);
  std::exception_ptr failure;
  std::optional<LookEmpty> rest;
  // A failure must not reach libtorch: its writer would throw in its destructor, which ends the process.
  const auto write = [&](const void* from, std::size_t count) {
    try {
      if (failure == nullptr) out.write(static_cast<const char*>(from), static_cast<std::int64_t>(count));
    } catch (...) {
      failure = std::current_exception();
      rest.emplace(module);
    }
    return count;
  };
  torch::jit::ExportModule(module, write, {extra_files.begin(), extra_files.end()});
  rest.reset();
  if (failure != nullptr) std::rethrow_exception(failure);
  out.finish();
}

torch::jit::Module read_module(const std::string& file) {
  return torch::jit::load(std::make_unique<Source>(file), at::Device(at::kCPU), /*load_debug_files=*/false);
}

}  // namespace tagformer
