// How tensors travel between ranks: in pieces of equal size, whatever the sizes of the tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace tagformer {

/// A part of a tensor, and where it lies in a piece.
struct Slice {
  at::Tensor part;
  std::int64_t at;

  [[nodiscard]] at::Tensor of(const at::Tensor& piece) const { return piece.narrow(0, at, part.numel()); }
};

/// What travels together, all of one device: a GPU's crosses to the CPU and back in one copy each, through
/// pinned memory.
struct Piece {
  std::vector<Slice> slices;
  std::int64_t count = 0;

  [[nodiscard]] c10::Device device() const { return slices.front().part.device(); }
  /// All of it, one after the other, on its device.
  [[nodiscard]] at::Tensor joined() const;
  /// For so many elements of it on the CPU, where Gloo reads and writes.
  [[nodiscard]] at::Tensor buffer(std::int64_t elements, at::ScalarType type) const;
};

/// Of contiguous tensors, in their order; at least one, which may be empty.
std::vector<Piece> pieces_of(const std::vector<at::Tensor>& tensors);

}  // namespace tagformer
