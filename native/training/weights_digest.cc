#include "training/weights_digest.h"

#include <cstring>

#include "runtime/stop.h"

namespace tagformer {

std::uint64_t weights_digest(const ParameterSet& parameters) {
  // FNV-1a over words instead of bytes: weak against intent, and quick.
  std::uint64_t digest = 0xCBF29CE484222325ULL;
  for (const auto& parameter : parameters.all()) {
    check_stop();
    const at::Tensor here = parameters.master_of(*parameter).detach().to(at::kCPU).contiguous();
    const auto* const values = here.const_data_ptr<float>();
    for (std::int64_t i = 0; i < here.numel(); ++i) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, values + i, sizeof(bits));
      digest = (digest ^ bits) * 0x100000001B3ULL;
    }
  }
  return digest;
}

}  // namespace tagformer
