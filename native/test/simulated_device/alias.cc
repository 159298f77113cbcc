#include "simulated_device/alias.h"

#include <ATen/EmptyTensor.h>
#include <ATen/native/TensorFactories.h>
#include <ATen/ops/as_strided_native.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <cstring>

#include "simulated_device/memory.h"

namespace simulated {
namespace {

/// A number that stands in an expression, and does not decide the type of the result, stays one.
void copy_wrapping(const at::Tensor& from, const at::Tensor& to) {
  if (from.unsafeGetTensorImpl()->is_wrapped_number()) to.unsafeGetTensorImpl()->set_wrapped_number(true);
}

}  // namespace

at::Tensor seen_by_kernel(const at::Tensor& tensor) {
  const c10::Storage& storage = tensor.storage();
  // Resizable: an out= argument may grow, into memory of the CPU's that take_back() brings home.
  auto bytes = c10::make_intrusive<c10::StorageImpl>(
      c10::StorageImpl::use_byte_size_t(), storage.nbytes(),
      c10::DataPtr(visible(storage.data()), c10::Device(c10::kCPU)), c10::GetCPUAllocator(),
      /*resizable=*/true);
  at::Tensor seen = at::detail::make_tensor<c10::TensorImpl>(
      c10::Storage(std::move(bytes)), c10::DispatchKeySet(c10::DispatchKey::CPU), tensor.dtype());
  c10::TensorImpl* const impl = seen.unsafeGetTensorImpl();
  impl->set_storage_offset(tensor.storage_offset());
  impl->set_sizes_and_strides(tensor.sizes(), tensor.strides());
  copy_wrapping(tensor, seen);
  return seen;
}

at::Tensor empty_on_device(at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType type) {
  return at::detail::empty_strided_generic(sizes, strides, device_allocator(),
                                           c10::DispatchKeySet(c10::DispatchKey::CUDA), type);
}

at::Tensor Aliases::add(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_cuda()) return tensor;
  pairs_.push_back({tensor, seen_by_kernel(tensor)});
  return pairs_.back().seen;
}

at::Tensor Aliases::result(const at::Tensor& computed) const {
  if (!computed.defined()) return computed;
  for (const auto& [device, seen] : pairs_) {
    if (seen.is_same(computed)) return device;
    if (computed.storage().nbytes() == 0 || !seen.storage().is_alias_of(computed.storage())) continue;
    return at::native::as_strided_tensorimpl(device, computed.sizes(), computed.strides(),
                                             computed.storage_offset());
  }
  at::Tensor own = empty_on_device(computed.sizes(), computed.strides(), computed.scalar_type());
  if (computed.numel() > 0) seen_by_kernel(own).copy_(computed);
  copy_wrapping(computed, own);
  return own;
}

void Aliases::take_back() const {
  for (const auto& [device, seen] : pairs_) {
    const void* const now = seen.storage().data();
    if (now != visible(device.storage().data())) {
      const std::size_t bytes = seen.storage().nbytes();
      c10::DataPtr fresh = device_allocator()->allocate(bytes);
      if (bytes > 0) std::memcpy(visible(fresh.get()), now, bytes);
      c10::StorageImpl* const storage = device.storage().unsafeGetStorageImpl();
      storage->set_data_ptr_noswap(std::move(fresh));
      storage->set_nbytes(bytes);
    }
    c10::TensorImpl* const impl = device.unsafeGetTensorImpl();
    if (seen.sizes() != device.sizes() || seen.strides() != device.strides()) {
      impl->set_sizes_and_strides(seen.sizes(), seen.strides());
      impl->set_storage_offset(seen.storage_offset());
    }
  }
}

}  // namespace simulated
