// Waiting for what other processes do, without holding up the end of this one.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "runtime/stop.h"

namespace tagformer {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

/// The result of a call that waits for other processes and cannot be ended: it is made on a thread of its
/// own. That is left behind when `limit` is over, and none is the result, or when this thread's job is to
/// end: then Stopped is thrown. The call's own stop flag is set then. What the call uses it must own.
template <typename Call>
auto leaving_behind(Milliseconds limit, Call call) -> std::optional<decltype(call())> {
  using Result = decltype(call());
  const auto left = std::make_shared<std::atomic<bool>>(false);
  std::packaged_task<Result()> task([left, call = std::move(call)]() mutable {
    StopFlag::of_thread().watch(left.get());
    return call();
  });
  std::future<Result> result = task.get_future();
  std::thread(std::move(task)).detach();
  const auto end = Clock::now() + limit;
  try {
    while (result.wait_for(Milliseconds(2)) != std::future_status::ready) {
      check_stop();
      if (Clock::now() < end) continue;
      *left = true;
      return std::nullopt;
    }
  } catch (...) {
    *left = true;
    throw;
  }
  return result.get();
}

/// Whether `done` came true before `limit` was over; it is asked every few milliseconds.
template <typename Condition>
bool wait_until(Milliseconds limit, const Condition& done) {
  const auto end = Clock::now() + limit;
  Milliseconds pause(1);
  while (!done()) {
    if (Clock::now() > end) return false;
    check_stop();
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, Milliseconds(20));
  }
  return true;
}

}  // namespace tagformer
