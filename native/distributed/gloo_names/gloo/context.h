// Stands in for gloo's header, which libtorch's packages leave out: ProcessGroupGloo.hpp needs only names.
#pragma once

#include <chrono>

namespace gloo {

/// Never made or called here.
class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo
