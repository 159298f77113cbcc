// Operators that are more than a kernel: memory, copies, single numbers, dropout.
#include <ATen/EmptyTensor.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

#include <cstring>
#include <set>
#include <string>

#include "simulated_device/alias.h"
#include "simulated_device/kernel.h"
#include "simulated_device/memory.h"
#include "simulated_device/random.h"
#include "simulated_device/recording.h"
#include "simulated_device/state.h"

namespace simulated {
namespace {

int index_of(const std::optional<at::Device>& device) {
  const int index = device && device->has_index() ? device->index() : current_device();
  if (index >= device_count()) fail("invalid device ordinal", /*sticky=*/false);
  return index;
}

at::Tensor empty(at::IntArrayRef sizes, std::optional<at::ScalarType> type, std::optional<at::Layout>,
                 std::optional<at::Device> device, std::optional<bool> pinned,
                 std::optional<at::MemoryFormat> format) {
  const OnDevice here(index_of(device));
  TORCH_CHECK(!pinned.value_or(false), "Only dense CPU tensors can be pinned");
  return at::detail::empty_generic(sizes, device_allocator(), c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                   c10::dtype_or_default(type), format);
}

at::Tensor empty_strided(at::IntArrayRef sizes, at::IntArrayRef strides, std::optional<at::ScalarType> type,
                         std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>) {
  const OnDevice here(index_of(device));
  return empty_on_device(sizes, strides, c10::dtype_or_default(type));
}

const at::Tensor& resize(const at::Tensor& tensor, at::IntArrayRef sizes,
                         std::optional<at::MemoryFormat> format) {
  const OnDevice here(tensor.device().index());
  Aliases aliases;
  aliases.add(tensor).resize_(sizes, format);
  aliases.take_back();
  return tensor;
}

at::Scalar item(const at::Tensor& tensor) {
  check_alive();
  refuse_while_recording("item");
  ++counters().scalars;
  finish_copies();
  const at::AutoDispatchBelowADInplaceOrView below;
  return seen_by_kernel(tensor).item();
}

/// Between two places of the device, or of two devices: a kernel.
void copy_on_device(const at::Tensor& to, const at::Tensor& from) {
  launch("aten::copy_");
  const auto work = [to, from] {
    const at::AutoDispatchBelowADInplaceOrView below;
    seen_by_kernel(to).copy_(seen_by_kernel(from));
  };
  work();
  note(work);
}

void upload(const at::Tensor& to, const at::Tensor& from, bool waiting) {
  const bool pinned = is_pinned(from.storage().data());
  if (waiting || !pinned) refuse_while_recording("a copy from memory that is not pinned, or that waits");
  ++counters().uploads;
  // From memory that the system can move, even an asynchronous copy waits until it is read.
  if (waiting || !pinned) ++counters().waiting_uploads;
  finish_uploads();
  const bool as_it_is =
      to.is_contiguous() && from.is_contiguous() && to.dtype() == from.dtype() && to.sizes() == from.sizes();
  if (!waiting && pinned && as_it_is) {
    upload_late(from.const_data_ptr(),
                static_cast<const char*>(to.storage().data()) +
                    to.storage_offset() * static_cast<std::int64_t>(to.element_size()),
                from.nbytes());
  } else {
    seen_by_kernel(to).copy_(from);
  }
  if (waiting) finish_copies();
  note([to, from] { seen_by_kernel(to).copy_(from); });
}

void download(const at::Tensor& to, const at::Tensor& from, bool waiting) {
  const bool pinned = is_pinned(to.storage().data());
  if (waiting || !pinned) refuse_while_recording("a copy that waits");
  ++counters().downloads;
  finish_uploads();
  if (!waiting && pinned && to.is_contiguous()) {
    const at::Tensor now =
        at::empty(to.sizes(), to.options().pinned_memory(false)).copy_(seen_by_kernel(from));
    download_late(now.const_data_ptr(), to.data_ptr(), to.nbytes());
    return;
  }
  ++counters().waiting_downloads;
  finish_copies();
  to.copy_(seen_by_kernel(from));
}

at::Tensor& copy(at::Tensor& to, const at::Tensor& from, bool non_blocking) {
  check_alive();
  if (to.is_same(from) || to.numel() == 0) return to;
  const at::AutoDispatchBelowADInplaceOrView below;
  if (to.is_cuda() && from.is_cuda()) {
    copy_on_device(to, from);
  } else if (to.is_cuda()) {
    upload(to, from, !non_blocking);
  } else {
    download(to, from, !non_blocking);
  }
  return to;
}

/// It has no argument for its generator, so the CPU's kernel would draw from the CPU's.
std::tuple<at::Tensor, at::Tensor> dropout(const at::Tensor& x, double share, std::optional<bool> train) {
  launch("aten::native_dropout");
  const OnDevice here(x.device().index());
  const bool drops = train.value_or(true);
  const auto compute = [x, share, drops] {
    const OnDevice device(x.device().index());
    const at::AutoDispatchBelowADInplaceOrView below;
    const at::Tensor seen = seen_by_kernel(x);
    if (!drops) return std::tuple(seen.clone(), at::ones_like(seen, at::kBool));
    at::Tensor kept = at::empty(x.sizes(), at::kFloat);
    kept.bernoulli_(1.0 - share, inner_generator(std::nullopt));
    const double scale = share == 1.0 ? 0.0 : 1.0 / (1.0 - share);
    return std::tuple(seen.mul(kept.to(at::kBool)).mul(scale), kept.to(at::kBool));
  };
  const auto [values, kept] = compute();
  const Aliases none;
  const std::tuple results(none.result(values), none.result(kept));
  note([compute, results] {
    const auto [again, kept_again] = compute();
    seen_by_kernel(std::get<0>(results)).copy_(again);
    seen_by_kernel(std::get<1>(results)).copy_(kept_again);
  });
  return results;
}

at::Tensor& set_storage(at::Tensor& tensor, at::Storage storage, std::int64_t offset, at::IntArrayRef sizes,
                        at::IntArrayRef strides) {
  return at::native::set_storage_cpu_(tensor, std::move(storage), offset, sizes, strides);
}

at::Tensor& set_whole_storage(at::Tensor& tensor, at::Storage storage) {
  const auto elements = static_cast<std::int64_t>(storage.nbytes() / tensor.dtype().itemsize());
  return at::native::set_storage_cpu_(tensor, std::move(storage), 0, elements, {});
}

at::Tensor& set_tensor(at::Tensor& tensor, const at::Tensor& source) {
  return at::native::set_storage_cpu_(tensor, source.storage(), source.storage_offset(), source.sizes(),
                                      source.strides());
}

bool exists(const std::string& name) {
  const std::size_t dot = name.find('.');
  const std::string overload = dot == std::string::npos ? "" : name.substr(dot + 1);
  return c10::Dispatcher::singleton().findSchema({"aten::" + name.substr(0, dot), overload}).has_value();
}

/// Never deregistered: threads may still compute when static objects are destroyed.
[[maybe_unused]] const bool kRegistered = [] {
  auto& library =
      *new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::CUDA, __FILE__, __LINE__);
  std::set<std::string> own;
  const auto define = [&](const char* name, auto* function) {
    own.insert(name);
    library.impl(name, function);
  };
  define("empty.memory_format", &empty);
  define("empty_strided", &empty_strided);
  define("resize_", &resize);
  define("_local_scalar_dense", &item);
  define("copy_", &copy);
  define("native_dropout", &dropout);
  define("set_.source_Storage", &set_whole_storage);
  define("set_.source_Storage_storage_offset", &set_storage);
  define("set_.source_Tensor", &set_tensor);
  define("view", &at::native::view);
  define("as_strided", &at::native::as_strided_tensorimpl);
  define("_reshape_alias", &at::native::_reshape_alias);
  for (const Operator& known : cuda_operators()) {
    if (own.contains(known.name) || !exists(known.name)) continue;
    library.impl(known.name, torch::CppFunction::makeFromBoxedFunction<&run_kernel>());
  }
  c10::SetAllocator(c10::kCUDA, device_allocator(), 255);
  return true;
}();

}  // namespace
}  // namespace simulated
