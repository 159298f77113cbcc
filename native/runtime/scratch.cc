#include "runtime/scratch.h"

#include <ATen/ops/empty.h>
#include <c10/util/accumulate.h>

#include <algorithm>
#include <bit>

#include "runtime/page_memory.h"

namespace tagformer {
namespace {

/// Most bytes of unused blocks that are kept. A layer of BERT-base with 1,024 tokens needs 40 MB in fp32.
constexpr std::size_t kMostBytes = 64 << 20;

thread_local Scratch* in_use = nullptr;

/// Of eight sizes between two powers of two, the next: batches of about as many tokens have the same blocks.
std::size_t rounded_up(std::size_t bytes) {
  const std::size_t step = std::bit_floor(bytes) / 8;
  return (bytes + step - 1) / step * step;
}

bool is_free(const c10::Storage& block) { return block.use_count() == 1; }

}  // namespace

Scratch::Use::Use(Scratch& source) : before_(in_use) { in_use = &source; }

Scratch::Use::~Use() { in_use = before_; }

at::Tensor Scratch::take(at::IntArrayRef sizes, const at::TensorOptions& options) {
  const std::size_t bytes =
      static_cast<std::size_t>(c10::multiply_integers(sizes)) * options.dtype().itemsize();
  if (bytes < kLeastMappedBytes) return at::empty(sizes, options);
  at::Tensor tensor = at::empty({0}, options);
  tensor.unsafeGetTensorImpl()->set_storage_keep_dtype(block_for(rounded_up(bytes)));
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return tensor;
}

void Scratch::clear() { std::erase_if(blocks_, is_free); }

c10::Storage Scratch::block_for(std::size_t bytes) {
  const auto fits = [bytes](const c10::Storage& block) {
    return is_free(block) && block.nbytes() >= bytes && block.nbytes() <= 2 * bytes;
  };
  auto best = blocks_.end();
  for (auto at = blocks_.begin(); at != blocks_.end(); ++at) {
    if (fits(*at) && (best == blocks_.end() || at->nbytes() < best->nbytes())) best = at;
  }
  if (best != blocks_.end()) {
    std::rotate(best, best + 1, blocks_.end());
    return blocks_.back();
  }
  drop_oldest(kMostBytes - std::min(bytes, kMostBytes));
  blocks_.push_back(at::empty({static_cast<std::int64_t>(bytes)}, at::kByte).storage());
  return blocks_.back();
}

void Scratch::drop_oldest(std::size_t most_bytes) {
  std::size_t total = 0;
  for (const c10::Storage& block : blocks_) total += block.nbytes();
  std::erase_if(blocks_, [&](const c10::Storage& block) {
    if (total <= most_bytes || !is_free(block)) return false;
    total -= block.nbytes();
    return true;
  });
}

at::Tensor scratch(at::IntArrayRef sizes, const at::TensorOptions& options) {
  return in_use == nullptr ? at::empty(sizes, options) : in_use->take(sizes, options);
}

}  // namespace tagformer
