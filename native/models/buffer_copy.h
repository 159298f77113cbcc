// The buffers of a model as they were.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/model.h"

namespace tagformer {

/// A copy of all buffers of a model.
class BufferCopy {
 public:
  explicit BufferCopy(const Model& model);

  void put_back() const;
  /// Whether any buffer has other bits by now.
  [[nodiscard]] bool differs() const;

 private:
  std::vector<at::Tensor> buffers_, copies_;
};

}  // namespace tagformer
