// Memory for what lives as long as a model: weights, their packed form, the optimizer's moments.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>

namespace tagformer {

/// Smaller tensors share pages and stay in malloc's own lists: the size from which glibc maps memory at first
/// (malloc(3), M_MMAP_THRESHOLD).
inline constexpr std::size_t kLeastMappedBytes = 128 << 10;

/// Zeros on the CPU in pages of their own, which are taken from the system where they are first touched and
/// go back to it when the tensor is freed. malloc keeps what it gets back: glibc raises the size from which
/// it maps memory to 32 MiB and never trims the last heap of a thread's arena (malloc(3), M_MMAP_THRESHOLD),
/// which holds a whole small model in each of eight arenas a core. Throws std::bad_alloc.
at::Tensor zeros_in_pages(at::IntArrayRef sizes, at::ScalarType type);

}  // namespace tagformer
