#include "runtime/worker.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "runtime/priority.h"
#include "runtime/stop.h"

namespace tagformer {

namespace {

/// Workers of the process that share its cores.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): cores belong to the process
std::atomic<int> sharing = 0;

}  // namespace

Worker::Worker(int threads, int cores) {
  if (threads == 0) ++sharing;
  thread_ = std::thread([this, threads, cores] { run(threads, cores); });
}

Worker::~Worker() { stop(); }

void Worker::post(Job job) {
  {
    const std::scoped_lock lock(mutex_);
    if (!closed_) {
      jobs_.push_back(std::move(job));
      wake_.notify_one();
      return;
    }
  }
  job.dropped();
}

bool Worker::cancel(std::uint64_t id) {
  Job job;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find(jobs_, id, &Job::id);
    if (found == jobs_.end()) {
      if (id == 0 || id != running_) return false;
      stop_ = true;
      return true;
    }
    job = std::move(*found);
    jobs_.erase(found);
  }
  job.dropped();
  return true;
}

bool Worker::close(std::function<void()> last) {
  for (const Job& job : take_all()) job.dropped();
  const std::scoped_lock lock(mutex_);
  if (closed_) return false;
  closed_ = true;
  stop_ = true;  // of the job that runs; the next takes it back
  jobs_.push_back({0, std::move(last), [] {}});
  wake_.notify_one();
  return true;
}

void Worker::interrupt() {
  const std::scoped_lock lock(mutex_);
  interrupted_ = true;
  stop_ = true;
}

void Worker::stop() {
  interrupt();
  const std::deque<Job> dropped = take_all();
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    wake_.notify_one();
  }
  for (const Job& job : dropped) job.dropped();
  const std::scoped_lock lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

std::deque<Worker::Job> Worker::take_all() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(jobs_, {});
}

void Worker::run(int threads, int cores) {
  give_way();
  StopFlag::of_thread().watch(&stop_);
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !jobs_.empty() || closed_; });
      if (jobs_.empty()) break;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      running_ = job.id;
      stop_ = interrupted_;  // a cancellation was meant for the job before
    }
    // Of this thread only: other models of the process keep their own number.
    at::set_num_threads(threads > 0 ? threads : std::max(1, cores / sharing.load()));
    job.run();
    const std::scoped_lock lock(mutex_);
    running_ = 0;
  }
  if (threads == 0) --sharing;
}

}  // namespace tagformer
