#include "torchscript/autocast.h"

#include <ATen/autocast_mode.h>

namespace tagformer {

Autocast::Autocast(Precision precision, c10::DeviceType device)
    : on_(precision == Precision::kBfloat16), device_(device) {
  if (!on_) return;
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (!on_) return;
  // Casts of this run's weights must not outlive it.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, false);
}

}  // namespace tagformer
