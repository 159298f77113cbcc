#include "weights/safetensors_header.h"

#include <functional>
#include <numeric>

namespace tagformer {
namespace {

/// Bytes of a cache line.
constexpr std::size_t kLine = 64;

std::string json_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::string text_of_shape(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

std::string safetensors_header(const std::vector<TensorHeader>& tensors) {
  std::string json = R"({"__metadata__":{"format":"pt"})";
  std::int64_t at = 0;
  for (const auto& [name, shape, bytes] : tensors) {
    const std::int64_t width = bytes ? 1 : 4;
    const std::int64_t end = at + std::accumulate(shape.begin(), shape.end(), width, std::multiplies<>());
    json += "," + json_string(name) + R"(:{"dtype":)" + (bytes ? R"("U8")" : R"("F32")") + R"(,"shape":)" +
            text_of_shape(shape) + R"(,"data_offsets":[)" + std::to_string(at) + "," + std::to_string(end) +
            "]}";
    at = end;
  }
  json += '}';
  // With the 8 bytes of its length the header ends where a cache line does, and so may mapped weights begin.
  json.append((kLine - (json.size() + 8) % kLine) % kLine, ' ');
  const std::uint64_t length = json.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + json;
}

}  // namespace tagformer
