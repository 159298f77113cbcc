// torch.autocast for one run of a TorchScript module.
#pragma once

#include <c10/core/DeviceType.h>

#include "weights/parameters.h"

namespace tagformer {

/// While it lives, this thread computes in bf16 as torch.autocast does it, where that is the precision.
class Autocast {
 public:
  Autocast(Precision precision, c10::DeviceType device);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool on_;
  c10::DeviceType device_;
};

}  // namespace tagformer
