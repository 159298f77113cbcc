// From tensors to the typed CPU kernels, and from rows to threads.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include "kernels/cpu/kernels.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace tagformer {

/// Rows that one thread takes at a time. Sums over rows are made per block and then added in order, so that
/// they do not depend on the number of threads.
constexpr std::int64_t kRowBlock = 64;

inline std::int64_t row_blocks(std::int64_t rows) { return (rows + kRowBlock - 1) / kRowBlock; }

/// body(block, first row, rows) for every block of rows, in parallel. Ends early with Stopped.
template <typename Body>
void for_row_blocks(std::int64_t rows, const Body& body) {
  at::parallel_for(0, row_blocks(rows), 1,
                   [&, stop = StopFlag::of_thread()](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t block = begin; block < end; ++block) {
                       stop.check();
                       const std::int64_t first = block * kRowBlock;
                       body(block, first, std::min(kRowBlock, rows - first));
                     }
                   });
}

/// body(first row, rows), in parallel and in even shares, for results that are no sums over rows. Ends early
/// with Stopped.
template <typename Body>
void for_rows(std::int64_t rows, const Body& body) {
  // Fewer rows are not worth another thread.
  constexpr std::int64_t kLeast = 4;
  at::parallel_for(0, rows, kLeast, [&, stop = StopFlag::of_thread()](std::int64_t begin, std::int64_t end) {
    for (std::int64_t first = begin; first < end; first += kRowBlock) {
      stop.check();
      body(first, std::min(kRowBlock, end - first));
    }
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
