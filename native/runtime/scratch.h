// Scratch memory that the layers of a prediction reuse.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Storage.h>

#include <vector>

namespace tagformer {

/// Blocks of memory on the CPU that tensors leave behind for others of about the same size. Given back to
/// malloc, most of them would go on to the system, and every layer would wait for the system to clear as many
/// pages again.
class Scratch {
 public:
  /// While it lives, scratch() takes from `source` on this thread.
  class Use {
   public:
    explicit Use(Scratch& source);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Scratch* const before_;
  };

  /// A contiguous tensor with undefined elements. Throws std::bad_alloc or libtorch's errors of memory.
  at::Tensor take(at::IntArrayRef sizes, const at::TensorOptions& options);

  /// Gives back what no tensor uses.
  void clear();

 private:
  c10::Storage block_for(std::size_t bytes);
  void drop_oldest(std::size_t most_bytes);

  /// Least recently taken first. A block is free when no tensor has its storage.
  std::vector<c10::Storage> blocks_;
};

/// A contiguous tensor on the CPU with undefined elements, from the scratch memory in use on this thread, if
/// any is.
at::Tensor scratch(at::IntArrayRef sizes, const at::TensorOptions& options);

}  // namespace tagformer
