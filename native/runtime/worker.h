// The thread of one model: jobs run on it one after the other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace tagformer {

class Worker {
 public:
  /// Of a job that is dropped before it starts `dropped` is called instead of `run`.
  struct Job {
    std::uint64_t id;
    std::function<void()> run;
    std::function<void()> dropped;
  };

  /// `threads` is the number of threads that libtorch uses for this model's operations; 0 means an equal
  /// share of `cores` among all such workers of the process, idle or not, so that a model's rounding changes
  /// only when another is loaded or disposed of.
  Worker(int threads, int cores);
  /// Stops and joins.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Queues a job. After close() or stop() it is dropped at once.
  void post(Job job);

  /// Drops a job that waits, or asks the running one to end with Stopped (runtime/stop.h), which it may be
  /// too late for; false when the job is done or unknown.
  bool cancel(std::uint64_t id);

  /// Drops the queued jobs, asks the running one to end with Stopped, runs `last` after it, and takes no
  /// more. Returns false, and never runs `last`, when that was done before.
  bool close(std::function<void()> last);

  /// Asks the running job, and all that follow, to end with Stopped; does not wait for that.
  void interrupt();

  /// Interrupts, drops the waiting jobs and joins the thread. May be called several times, from any other
  /// thread.
  void stop();

 private:
  void run(int threads, int cores);
  std::deque<Job> take_all();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool closed_ = false;
  bool interrupted_ = false;
  /// Number of the job that runs; 0 when none does, or it has none.
  std::uint64_t running_ = 0;
  /// The flag that running jobs check.
  std::atomic<bool> stop_ = false;
  std::mutex join_mutex_;
  std::thread thread_;
};

}  // namespace tagformer
