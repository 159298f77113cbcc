// From tensors to the typed CPU kernels, and from rows to threads.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include "kernels/cpu/kernels.h"
#include "runtime/error.h"
#include "runtime/parallel.h"

namespace tagformer {

/// Rows that one thread takes at a time. Sums over rows are made per block and then added in order, so that
/// they do not depend on the number of threads.
constexpr std::int64_t kRowBlock = 64;

inline std::int64_t row_blocks(std::int64_t rows) { return (rows + kRowBlock - 1) / kRowBlock; }

/// body(block, first row, rows) for every block of rows, in parallel. Ends early with Stopped.
template <typename Body>
void for_row_blocks(std::int64_t rows, const Body& body) {
  share_out(rows, kRowBlock, [&](const auto& each) {
    each([&](std::int64_t begin, std::int64_t end) { body(begin / kRowBlock, begin, end - begin); });
  });
}

/// body(first row, rows), in parallel, for results that are no sums over rows. Ends early with Stopped.
template <typename Body>
void for_rows(std::int64_t rows, const Body& body) {
  // Some pieces a thread, so that none waits long for another; fewer rows than the least are not worth one.
  constexpr std::int64_t kPieces = 4;
  constexpr std::int64_t kLeast = 4;
  const std::int64_t grain = std::clamp(rows / (kPieces * at::get_num_threads()), kLeast, kRowBlock);
  share_out(rows, grain, [&](const auto& each) {
    each([&](std::int64_t begin, std::int64_t end) { body(begin, end - begin); });
  });
}

/// Elements of a contiguous tensor as the kernels' type T; null for an undefined tensor.
template <typename T>
T* elements(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.data_ptr()) : nullptr;
}

/// body.operator()<T>() with the kernels' type for the tensor's number format.
template <typename Body>
void for_type(const at::Tensor& tensor, const Body& body) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return body.template operator()<float>();
    case at::kBFloat16:
      return body.template operator()<cpu::bf16>();
    default:
      throw Error("INTERNAL",
                  std::string("no kernel for element type ") + at::toString(tensor.scalar_type()));
  }
}

}  // namespace tagformer
