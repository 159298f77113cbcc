#include "runtime/upload.h"

#include <ATen/ops/empty.h>

#include <cstring>

namespace tagformer {
namespace {

/// Where a tensor may begin: every element type fits there.
constexpr std::int64_t kAlignment = 16;

std::int64_t size_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return 0;
  return (static_cast<std::int64_t>(tensor.nbytes()) + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

at::Tensor pack(const std::vector<at::Tensor>& tensors, c10::Device device) {
  std::int64_t total = 0;
  for (const at::Tensor& tensor : tensors) total += size_of(tensor);
  // Only from memory that the system cannot move does a copy go on by itself.
  at::Tensor block = at::empty({total}, at::TensorOptions().dtype(at::kByte).pinned_memory(!device.is_cpu()));
  auto* to = block.data_ptr<std::uint8_t>();
  for (const at::Tensor& tensor : tensors) {
    if (tensor.defined()) std::memcpy(to, tensor.const_data_ptr(), tensor.nbytes());
    to += size_of(tensor);
  }
  return block;
}

std::vector<at::Tensor> unpack(const at::Tensor& block, const std::vector<at::Tensor>& like) {
  std::vector<at::Tensor> parts;
  std::int64_t begin = 0;
  for (const at::Tensor& tensor : like) {
    parts.emplace_back();
    if (!tensor.defined()) continue;
    const auto bytes = static_cast<std::int64_t>(tensor.nbytes());
    parts.back() = block.narrow(0, begin, bytes).view(tensor.scalar_type()).view(tensor.sizes());
    begin += size_of(tensor);
  }
  return parts;
}

std::vector<at::Tensor> upload(const std::vector<at::Tensor>& tensors, c10::Device device) {
  return unpack(pack(tensors, device).to(device, /*non_blocking=*/true), tensors);
}

}  // namespace tagformer
