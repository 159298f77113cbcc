#include "layers/aten_path.h"

#include <ATen/Context.h>
#include <ATen/TracerMode.h>
#include <ATen/ops/native_dropout.h>

#include <utility>

namespace tagformer {
namespace {

/// One number of all words of a dropout's key (SplitMix64's finaliser over each; Steele et al. 2014).
std::uint64_t seed_of(const cpu::Dropout& dropout) {
  std::uint64_t seed = 0;
  for (const std::uint32_t word : dropout.key) {
    seed += word + 0x9E3779B97F4A7C15ULL;
    seed = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    seed = (seed ^ (seed >> 27)) * 0x94D049BB133111EBULL;
    seed ^= seed >> 31;
  }
  return seed;
}

/// One for all devices: it is held for the length of a launch.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a lock of the process
std::mutex generator_mutex;

thread_local bool aten_only = false;

/// Whether a StepGenerator of this thread lives.
thread_local bool seeded_for_step = false;

void seed_generator(c10::Device device, std::uint64_t seed) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::scoped_lock own(generator.mutex());
  generator.set_current_seed(seed);
}

}  // namespace

bool has_kernels(const at::Tensor& x) {
  return x.is_cpu() && x.dim() == 2 && !aten_only && !at::tracer::impl::is_dispatch_enabled();
}

AtenOperations::AtenOperations() : outer_(std::exchange(aten_only, true)) {}
AtenOperations::~AtenOperations() { aten_only = outer_; }

double rate(const cpu::Dropout& dropout) { return dropout.threshold / 65536.0; }

SeededGenerator::SeededGenerator(c10::Device device, const cpu::Dropout& dropout) {
  if (seeded_for_step) return;
  lock_ = std::unique_lock(generator_mutex);
  seed_generator(device, seed_of(dropout));
}

StepGenerator::StepGenerator(c10::Device device, std::uint64_t seed) : lock_(generator_mutex) {
  seed_generator(device, seed);
  seeded_for_step = true;
}

StepGenerator::~StepGenerator() { seeded_for_step = false; }

at::Tensor aten_dropout(const at::Tensor& x, const cpu::Dropout& dropout) {
  if (!dropout.active()) return x;
  const SeededGenerator generator(x.device(), dropout);
  return std::get<0>(at::native_dropout(x, rate(dropout), /*train=*/true));
}

}  // namespace tagformer
