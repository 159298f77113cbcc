// How a foreign module is refused.
#pragma once

#include <string>

#include "runtime/error.h"

namespace tagformer {

/// Throws INVALID_MODEL: "the TorchScript module " and `problem`.
[[noreturn]] inline void refuse_module(const std::string& problem) {
  throw Error("INVALID_MODEL", "the TorchScript module " + problem);
}

}  // namespace tagformer
