// What libtorch asks of its CUDA library besides kernels: devices, streams, generators.
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <utility>

#include "simulated_device/memory.h"
#include "simulated_device/random.h"
#include "simulated_device/state.h"

namespace simulated {
namespace {

c10::DeviceIndex exchange(c10::DeviceIndex index) {
  return static_cast<c10::DeviceIndex>(std::exchange(current_device(), index));
}

class Hooks final : public at::CUDAHooksInterface {
 public:
  void init() const override {}
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasCUDA() const override { return true; }
  bool hasCUDART() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex index) const override {
    return default_generator(index);
  }
  at::Generator getNewGenerator(c10::DeviceIndex) const override { return new_generator(); }
  at::Device getDeviceFromPtr(void*) const override { return {c10::kCUDA, 0}; }
  bool isPinnedPtr(const void* address) const override { return is_pinned(address); }
  c10::Allocator* getPinnedMemoryAllocator() const override { return pinned_allocator(); }
  c10::Allocator* getCUDADeviceAllocator() const override { return device_allocator(); }
  c10::DeviceIndex deviceCount() const override { return static_cast<c10::DeviceIndex>(device_count()); }
  int getNumGPUs() const override { return device_count(); }
  c10::DeviceIndex current_device() const override { return getCurrentDevice(); }
  c10::DeviceIndex getCurrentDevice() const override {
    return static_cast<c10::DeviceIndex>(simulated::current_device());
  }
  void setCurrentDevice(c10::DeviceIndex index) const override { exchange(index); }
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex index) const override { return exchange(index); }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex index) const override { return exchange(index); }
  void deviceSynchronize(c10::DeviceIndex) const override { wait("deviceSynchronize"); }
  std::string showConfig() const override { return "a simulated CUDA device"; }
};

std::unique_ptr<at::CUDAHooksInterface> make_hooks(at::CUDAHooksArgs) { return std::make_unique<Hooks>(); }

/// One stream, whose work is done at once.
class Guard final : public c10::impl::DeviceGuardImplInterface {
 public:
  c10::DeviceType type() const override { return c10::kCUDA; }
  c10::Device exchangeDevice(c10::Device device) const override {
    return {c10::kCUDA, exchange(device.index())};
  }
  c10::Device getDevice() const override {
    return {c10::kCUDA, static_cast<c10::DeviceIndex>(simulated::current_device())};
  }
  void setDevice(c10::Device device) const override { exchange(device.index()); }
  void uncheckedSetDevice(c10::Device device) const noexcept override { exchange(device.index()); }
  c10::Stream getStream(c10::Device device) const override { return stream_of(device); }
  c10::Stream getDefaultStream(c10::Device device) const override { return stream_of(device); }
  c10::Stream getStreamFromGlobalPool(c10::Device device, bool) const override { return stream_of(device); }
  c10::Stream getNewStream(c10::Device device, int) const override { return stream_of(device); }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream_of(stream.device()); }
  void record(void** event, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {
    *event = const_cast<Guard*>(this);
  }
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeEvent(void*) const override { wait("synchronizeEvent"); }
  void synchronizeStream(const c10::Stream&) const override { wait("synchronizeStream"); }
  void synchronizeDevice(c10::DeviceIndex) const override { wait("synchronizeDevice"); }
  c10::DeviceIndex deviceCount() const noexcept override {
    return static_cast<c10::DeviceIndex>(device_count());
  }

 private:
  [[nodiscard]] c10::Stream stream_of(c10::Device device) const {
    return c10::Stream(c10::Stream::DEFAULT, device.has_index() ? device : getDevice());
  }
};

C10_REGISTER_GUARD_IMPL(CUDA, Guard)

/// The name under which libtorch looks for the hooks of its CUDA library.
[[maybe_unused]] const bool kRegistered = [] {
  at::CUDAHooksRegistry()->Register("CUDAHooks", &make_hooks);
  return true;
}();

}  // namespace
}  // namespace simulated
