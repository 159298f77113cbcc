// Waiting for what other processes do, without holding up the end of this one.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
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
  struct Shared {
    std::mutex mutex;
    std::condition_variable ended;
    std::optional<decltype(call())> result;
    std::exception_ptr failure;
    std::atomic<bool> left{false};
  };
  const auto shared = std::make_shared<Shared>();
  std::thread([shared, call = std::move(call)]() mutable {
    StopFlag::of_thread().watch(&shared->left);
    std::optional<decltype(call())> result;
    std::exception_ptr failure;
    try {
      result = call();
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(shared->mutex);
    shared->result = std::move(result);
    shared->failure = failure;
    shared->ended.notify_all();
  }).detach();
  const auto end = Clock::now() + limit;
  std::unique_lock lock(shared->mutex);
  try {
    while (!shared->result && !shared->failure) {
      check_stop();
      if (Clock::now() >= end) {
        shared->left = true;
        return std::nullopt;
      }
      // By the system's clock: glibc 2.28 cannot wait by another (native/old_glibc).
      shared->ended.wait_until(lock, std::chrono::system_clock::now() + Milliseconds(2));
    }
  } catch (...) {
    shared->left = true;
    throw;
  }
  if (shared->failure) std::rethrow_exception(shared->failure);
  return std::move(shared->result);
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
