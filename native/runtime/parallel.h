// Loops over the threads of a model.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "runtime/stop.h"

namespace tagformer {

/// The pieces of a loop, each of which one thread takes.
///
/// A thread begins with an even share of neighbouring pieces, whose data it then has in its cache; when it is
/// done it takes what others have left, because the threads of a busy machine are not equally fast.
class Pieces {
 public:
  /// [0, count) in pieces of `grain`, for up to `threads` threads; none is begun once `stop` is set.
  Pieces(std::int64_t count, std::int64_t grain, std::int64_t threads, StopFlag stop)
      : count_(count), grain_(grain), stop_(stop), shares_(static_cast<std::size_t>(threads)) {
    const std::int64_t pieces = (count + grain - 1) / grain;
    for (std::int64_t i = 0; i < threads; ++i) {
      Share& share = shares_[static_cast<std::size_t>(i)];
      share.next = pieces * i / threads;
      share.end = pieces * (i + 1) / threads;
    }
  }

  /// body(begin, end) for every piece that this thread gets. Throws Stopped.
  template <typename Body>
  void take(std::int64_t thread, const Body& body) {
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      Share& share = shares_[(static_cast<std::size_t>(thread) + i) % shares_.size()];
      for (;;) {
        const std::int64_t piece = share.next.fetch_add(1, std::memory_order_relaxed);
        if (piece >= share.end) break;
        stop_.check();
        body(piece * grain_, std::min(count_, (piece + 1) * grain_));
      }
    }
  }

 private:
  /// On a cache line of its own, because each thread mostly writes to its share.
  struct alignas(64) Share {
    std::atomic<std::int64_t> next = 0;
    std::int64_t end = 0;
  };

  std::int64_t count_;
  std::int64_t grain_;
  StopFlag stop_;
  std::vector<Share> shares_;
};

/// Loops over [0, count) in pieces of `grain`, in parallel: every thread calls thread(each) once, with memory
/// of its own perhaps, and there each(body), which calls body(begin, end) for its pieces. Which thread takes
/// a piece must change no number. Throws Stopped between two pieces when the calling thread's job is to end;
/// a loop that must not end in the middle gets a flag that is never set, StopFlag().
template <typename Thread>
void share_out(std::int64_t count, std::int64_t grain, const Thread& thread,
               StopFlag stop = StopFlag::of_thread()) {
  if (count == 0) return;
  const std::int64_t most = at::in_parallel_region() ? 1 : at::get_num_threads();
  const std::int64_t threads = std::min(most, (count + grain - 1) / grain);
  Pieces pieces(count, grain, threads, stop);
  at::parallel_for(0, threads, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      thread([&](const auto& body) { pieces.take(i, body); });
    }
  });
}

}  // namespace tagformer
