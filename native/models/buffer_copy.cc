#include "models/buffer_copy.h"

#include <ATen/core/grad_mode.h>

namespace tagformer {
namespace {

/// Not numbers, which NaN makes unlike themselves.
at::Tensor bits_of(const at::Tensor& tensor) { return tensor.contiguous().flatten().view(at::kByte); }

}  // namespace

BufferCopy::BufferCopy(const Model& model) : buffers_(model.buffers()) {
  for (const at::Tensor& buffer : buffers_) copies_.push_back(buffer.detach().clone());
}

void BufferCopy::put_back() const {
  const at::NoGradGuard no_gradients;
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].copy_(copies_[i]);
}

bool BufferCopy::differs() const {
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    if (!bits_of(buffers_[i].detach()).equal(bits_of(copies_[i]))) return true;
  }
  return false;
}

}  // namespace tagformer
