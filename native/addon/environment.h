// What one environment of Node.js (main thread or worker) owns, and how it runs work on threads of its own.
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "addon/napi_setup.h"
#include "addon/promises.h"
#include "runtime/worker.h"

namespace tagformer::addon {

/// A JavaScript object with a thread.
class Threaded {
 public:
  Threaded() = default;
  virtual ~Threaded() = default;
  Threaded(const Threaded&) = delete;
  Threaded& operator=(const Threaded&) = delete;

  [[nodiscard]] virtual Worker& worker() = 0;
  /// Ends what runs, and joins its threads.
  virtual void stop() = 0;
};

/// Objects share it, because Node may finalize them later.
class Environment {
 public:
  explicit Environment(Napi::Env env);

  /// Makes the environment's own; once, when the add-on is loaded there.
  static void create(Napi::Env env);
  static std::shared_ptr<Environment> of(Napi::Env env);

  [[nodiscard]] Promises& promises() { return promises_; }
  void add(Threaded* object) { objects_.insert(object); }
  void remove(Threaded* object) { objects_.erase(object); }

  /// Ends the running jobs and joins the threads of all objects, and refuses new ones: nothing would end
  /// their threads. May be called several times.
  void stop_all();
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  Promises promises_;
  std::set<Threaded*> objects_;
  bool stopped_ = false;
};

/// Describes the exception in flight.
Failure current_failure();
/// Of a call that never started.
extern const Failure kDropped;
/// The code of a device that is lost.
constexpr const char* kDeviceFailed = "DEVICE_FAILED";

/// Work on a thread; gives the value that the promise resolves with.
using Work = std::function<Result()>;

/// Work for a thread, and whose it is.
struct Call {
  /// The caller's number for cancel(); 0: none.
  std::uint64_t id;
  Work work;
  /// Called when the promise settles.
  std::function<void()> settled;
  /// Told of a failure, on the thread.
  std::function<void(const Failure&)> failed = [](const Failure&) {};
};

/// Queues work and returns its promise.
Napi::Value run_on(Worker& worker, const std::shared_ptr<Environment>& environment, Napi::Env env, Call call);

/// A result without a value.
Result nothing();

Napi::Object object_argument(const Napi::CallbackInfo& info, std::size_t index);
std::string text_argument(const Napi::CallbackInfo& info, std::size_t index);
std::int64_t integer_argument(const Napi::CallbackInfo& info, std::size_t index);
/// The caller's number of a job; 0 when it has none.
std::uint64_t job_argument(const Napi::CallbackInfo& info, std::size_t index);

}  // namespace tagformer::addon
