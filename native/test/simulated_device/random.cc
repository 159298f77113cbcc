#include "simulated_device/random.h"

#include <ATen/CPUGeneratorImpl.h>

#include <vector>

#include "simulated_device/recording.h"
#include "simulated_device/state.h"

namespace simulated {
namespace {

class DeviceGenerator final : public c10::GeneratorImpl {
 public:
  explicit DeviceGenerator(int index)
      : c10::GeneratorImpl(c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index)),
                           c10::DispatchKeySet(c10::DispatchKey::CUDA)),
        inner_(at::detail::createCPUGenerator(0)) {}

  [[nodiscard]] const at::Generator& inner() const { return inner_; }

  void set_current_seed(std::uint64_t seed) override {
    if (is_recording() && seed != inner_.current_seed()) {
      TORCH_CHECK(false,
                  "CUDAGeneratorImpl::set_current_seed can be called during stream capture only if "
                  "new seed is the same as the original seed.");
    }
    inner_.set_current_seed(seed);
  }
  void set_offset(std::uint64_t) override {}
  std::uint64_t get_offset() const override { return 0; }
  std::uint64_t current_seed() const override { return inner_.current_seed(); }
  std::uint64_t seed() override { return inner_.unsafeGetGeneratorImpl()->seed(); }
  void set_state(const c10::TensorImpl& state) override { inner_.unsafeGetGeneratorImpl()->set_state(state); }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
    return inner_.unsafeGetGeneratorImpl()->get_state();
  }

 private:
  DeviceGenerator* clone_impl() const override {
    auto* const clone = new DeviceGenerator(device().index());
    clone->inner_.set_current_seed(inner_.current_seed());
    return clone;
  }

  at::Generator inner_;
};

}  // namespace

const at::Generator& default_generator(int index) {
  static const auto& generators = *[] {
    auto* const all = new std::vector<at::Generator>;
    for (int i = 0; i < device_count(); ++i) all->push_back(at::make_generator<DeviceGenerator>(i));
    return all;
  }();
  return generators.at(static_cast<std::size_t>(index < 0 ? current_device() : index));
}

at::Generator new_generator() { return at::make_generator<DeviceGenerator>(current_device()); }

at::Generator inner_generator(const std::optional<at::Generator>& given) {
  const at::Generator& generator = given && given->defined() ? *given : default_generator(-1);
  const auto* const own = dynamic_cast<const DeviceGenerator*>(generator.unsafeGetGeneratorImpl());
  TORCH_CHECK(own != nullptr && own->device().index() == current_device(),
              "Expected a generator of cuda:", current_device(), " but found one of ", generator.device());
  return own->inner();
}

}  // namespace simulated
