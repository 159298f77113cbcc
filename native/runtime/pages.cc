#include "runtime/pages.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/util/accumulate.h>
#include <sys/mman.h>

#include <new>

namespace tagformer {
namespace {

/// Smaller tensors share pages: the size from which glibc maps memory at first.
constexpr std::size_t kLeastBytes = 128 << 10;

}  // namespace

at::Tensor zeros_in_pages(at::IntArrayRef sizes, at::ScalarType type) {
  const std::size_t bytes = static_cast<std::size_t>(c10::multiply_integers(sizes)) * c10::elementSize(type);
  if (bytes < kLeastBytes) return at::zeros(sizes, type);
  void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  return at::from_blob(pages, sizes, [bytes](void* at) { munmap(at, bytes); }, type);
}

}  // namespace tagformer
