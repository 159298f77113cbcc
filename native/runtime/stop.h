// Cooperative cancellation of a running job.
//
// The flag belongs to the thread instead of being passed as an argument: loops over rows, chunks of files and
// parts of matrix products all check it, and it changes no number.
#pragma once

#include <atomic>
#include <exception>

namespace tagformer {

/// Thrown inside a job that was asked to stop.
class Stopped : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "the job was stopped"; }
};

/// Never set until it watches one.
class StopFlag {
 public:
  /// Of the jobs that this thread runs; never set where no worker made it so.
  static StopFlag& of_thread() {
    thread_local StopFlag flag;
    return flag;
  }

  void watch(const std::atomic<bool>* flag) { flag_ = flag; }
  void check() const {
    if (flag_ != nullptr && flag_->load(std::memory_order_relaxed)) throw Stopped();
  }

 private:
  const std::atomic<bool>* flag_ = nullptr;
};

/// Throws Stopped when this thread's job is to end. In the body of a parallel loop, check a copy of the flag
/// of the thread that began the loop.
inline void check_stop() { StopFlag::of_thread().check(); }

}  // namespace tagformer
