#include "distributed/pieces.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <algorithm>

namespace tagformer {
namespace {

/// Elements that travel at a time. Two such pieces are under way at once, one of which is filled or taken out
/// while the other travels.
constexpr std::int64_t kPiece = 25 * (1 << 20) / 4;

}  // namespace

at::Tensor Piece::joined() const {
  std::vector<at::Tensor> parts;
  for (const Slice& slice : slices) parts.push_back(slice.part);
  return at::cat(parts);
}

at::Tensor Piece::buffer(std::int64_t elements, at::ScalarType type) const {
  return at::empty({elements}, at::TensorOptions().dtype(type).pinned_memory(!device().is_cpu()));
}

std::vector<Piece> pieces_of(const std::vector<at::Tensor>& tensors) {
  std::vector<Piece> pieces(1);
  for (const at::Tensor& tensor : tensors) {
    const at::Tensor flat = tensor.detach().view({-1});
    for (std::int64_t from = 0; from < flat.numel();) {
      if (pieces.back().count == kPiece) pieces.emplace_back();
      Piece& piece = pieces.back();
      const std::int64_t count = std::min(flat.numel() - from, kPiece - piece.count);
      piece.slices.push_back({flat.narrow(0, from, count), piece.count});
      piece.count += count;
      from += count;
    }
  }
  return pieces;
}

}  // namespace tagformer
