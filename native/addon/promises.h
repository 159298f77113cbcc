// Promises that other threads settle.
//
// Three rules, each with its reason:
// - The environment's clean-up hook is registered after the thread-safe function is made, so that it runs
//   before Node closes that function; a worker's end would otherwise leave a thread calling into freed
//   memory.
// - The function keeps the event loop alive only while promises are open, counted here: Ref and Unref are a
//   flag in Node, not a counter.
// - After close() results are dropped: nothing may touch an environment that is going away.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "addon/napi_setup.h"
#include "runtime/error.h"

namespace tagformer::addon {

struct Failure {
  std::string code;
  std::string message;
  /// The full text with the C++ backtrace, for bug reports; may be empty.
  std::string detail;
  UnknownNames unknown = {};
};

Napi::Array to_array(Napi::Env env, const std::vector<std::string>& names);

/// Turns a result into a JavaScript value, on the JavaScript thread.
using Result = std::function<Napi::Value(Napi::Env)>;

/// The promises of one environment (main thread or worker).
class Promises {
 public:
  explicit Promises(Napi::Env env);

  /// A new promise and its number. JavaScript thread only; `settled` is called on it too, before the promise
  /// settles.
  std::pair<std::uint64_t, Napi::Promise> open(Napi::Env env, std::function<void()> settled);

  /// Settle promise `id`, from any thread.
  void resolve(std::uint64_t id, Result result);
  void reject(std::uint64_t id, Failure failure);

  /// Ends all traffic; promises that are open stay so. JavaScript thread only.
  void close();

 private:
  struct Settlement {
    std::uint64_t id;
    Result result;
    Failure failure;
  };
  struct Open {
    Napi::Promise::Deferred deferred;
    std::function<void()> settled;
  };

  static void deliver(Napi::Env env, Napi::Function, Promises* self, void*);
  using Channel = Napi::TypedThreadSafeFunction<Promises, void, deliver>;

  void send(Settlement settlement);
  void settle(Napi::Env env, Settlement& settlement);

  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Open> open_;
  Channel channel_;
  std::mutex mutex_;
  bool alive_ = true;
  std::deque<Settlement> settlements_;
};

}  // namespace tagformer::addon
