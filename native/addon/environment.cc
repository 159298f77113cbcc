#include "addon/environment.h"

#include <c10/util/Exception.h>

#include <new>

#include "runtime/device.h"
#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/stop.h"

namespace tagformer::addon {
namespace {

const char* code_of(const c10::Error& error) {
  if (is_out_of_memory(error)) return "OUT_OF_MEMORY";
  return tells_device_failure(error.what_without_backtrace()) ? kDeviceFailed : "INTERNAL";
}

}  // namespace

const Failure kDropped = {
    "DISPOSED", "the call was dropped before it started: cancelled, or its model was disposed", "", {}};

Failure current_failure() {
  try {
    throw;
  } catch (const Error& error) {
    return {error.code(), error.what(), "", error.unknown()};
  } catch (const Stopped&) {
    return {"DISPOSED", "the model was stopped while the call was running", "", {}};
  } catch (const c10::Error& error) {
    return {code_of(error), error.what_without_backtrace(), error.what(), {}};
  } catch (const std::bad_alloc&) {
    return {"OUT_OF_MEMORY", "not enough memory", "", {}};
  } catch (const std::exception& error) {
    return {"INTERNAL", error.what(), "", {}};
  } catch (...) {
    return {"INTERNAL", "an unknown exception", "", {}};
  }
}

void Environment::create(Napi::Env env) {
  env.SetInstanceData(
      std::make_unique<std::shared_ptr<Environment>>(std::make_shared<Environment>(env)).release());
}

std::shared_ptr<Environment> Environment::of(Napi::Env env) {
  return *env.GetInstanceData<std::shared_ptr<Environment>>();
}

Environment::Environment(Napi::Env env) : promises_(env) {
  env.AddCleanupHook([this] {
    stop_all();
    promises_.close();
  });
}

void Environment::stop_all() {
  stopped_ = true;
  // All at once, then one after the other: joining waits.
  for (Threaded* object : objects_) object->worker().interrupt();
  for (Threaded* object : objects_) object->stop();
}

Napi::Value run_on(Worker& worker, const std::shared_ptr<Environment>& environment, Napi::Env env,
                   Call call) {
  Promises& promises = environment->promises();
  const auto [ticket, promise] = promises.open(env, std::move(call.settled));
  worker.post({
      .id = call.id,
      .run =
          [&promises, ticket, work = std::move(call.work), failed = std::move(call.failed)] {
            try {
              promises.resolve(ticket, work());
            } catch (...) {
              Failure failure = current_failure();
              failed(failure);
              promises.reject(ticket, std::move(failure));
            }
          },
      .dropped = [&promises, ticket] { promises.reject(ticket, kDropped); },
  });
  return promise;
}

Result nothing() {
  return [](Napi::Env env) { return env.Undefined(); };
}

Napi::Object object_argument(const Napi::CallbackInfo& info, std::size_t index) {
  if (info.Length() <= index || !info[index].IsObject()) {
    throw Napi::TypeError::New(info.Env(),
                               "native call: expected an object as argument " + std::to_string(index + 1));
  }
  return info[index].As<Napi::Object>();
}

std::string text_argument(const Napi::CallbackInfo& info, std::size_t index) {
  if (info.Length() <= index || !info[index].IsString()) {
    throw Napi::TypeError::New(info.Env(),
                               "native call: expected a string as argument " + std::to_string(index + 1));
  }
  return info[index].As<Napi::String>().Utf8Value();
}

std::int64_t integer_argument(const Napi::CallbackInfo& info, std::size_t index) {
  if (info.Length() <= index || !info[index].IsNumber()) {
    throw Napi::TypeError::New(info.Env(),
                               "native call: expected a number as argument " + std::to_string(index + 1));
  }
  return info[index].As<Napi::Number>().Int64Value();
}

/// The caller's number of a job; 0 when it has none.
std::uint64_t job_argument(const Napi::CallbackInfo& info, std::size_t index) {
  if (info.Length() <= index || !info[index].IsNumber()) return 0;
  return static_cast<std::uint64_t>(info[index].As<Napi::Number>().Int64Value());
}

}  // namespace tagformer::addon
