#include "runtime/page_memory.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <c10/util/accumulate.h>
#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace tagformer {
namespace {

/// Bytes given back at once. Meanwhile no other thread can map or unmap anything: the garbage collector of
/// the event loop would wait for the whole of a large tensor.
constexpr std::size_t kReleasedBytes = 4 << 20;

void release(void* pages, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes; done += kReleasedBytes) {
    madvise(static_cast<char*>(pages) + done, std::min(kReleasedBytes, bytes - done), MADV_DONTNEED);
  }
  munmap(pages, bytes);
}

}  // namespace

at::Tensor zeros_in_pages(at::IntArrayRef sizes, at::ScalarType type) {
  const std::size_t bytes = static_cast<std::size_t>(c10::multiply_integers(sizes)) * c10::elementSize(type);
  if (bytes < kLeastMappedBytes) return at::zeros(sizes, type);
  void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  return at::from_blob(pages, sizes, [bytes](void* at) { release(at, bytes); }, type);
}

}  // namespace tagformer
