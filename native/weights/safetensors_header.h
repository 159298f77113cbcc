// The header of a safetensors file that we write.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tagformer {

/// What the header says of a tensor.
struct TensorHeader {
  std::string name;
  std::vector<std::int64_t> shape;
  /// True: bytes, otherwise fp32.
  bool bytes = false;
};

/// The begin of a file whose tensors follow in this order: the header's length, and the header.
std::string safetensors_header(const std::vector<TensorHeader>& tensors);

/// Such as `[2, 3]`: JSON, and fit for messages.
std::string text_of_shape(const std::vector<std::int64_t>& shape);

}  // namespace tagformer
