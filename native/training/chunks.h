// Elementwise work of an optimizer step, shared out among the threads.
#pragma once

#include <cstdint>

#include "runtime/parallel.h"
#include "runtime/stop.h"

namespace tagformer {

/// Elements that one thread takes at a time. Norms are summed per chunk and in order, so that they do not
/// depend on the number of threads.
constexpr std::int64_t kChunk = 1 << 16;

/// body(chunk, first, count) over the elements, in parallel, to the end: an update must not stop half-way.
template <typename Body>
void for_chunks(std::int64_t elements, const Body& body) {
  const auto thread = [&](const auto& each) {
    each([&](std::int64_t begin, std::int64_t end) { body(begin / kChunk, begin, end - begin); });
  };
  share_out(elements, kChunk, thread, StopFlag());
}

}  // namespace tagformer
