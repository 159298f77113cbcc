#include "addon/session.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "addon/convert.h"
#include "addon/group_object.h"
#include "runtime/device.h"
#include "runtime/error.h"

namespace tagformer::addon {
namespace {

constexpr std::int64_t kMostThreads = 1024;

/// Returns freed memory to the system. glibc would keep it, more than a whole model, for later threads.
void return_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

Result floats(std::vector<float> values) {
  return [values = std::move(values)](Napi::Env env) { return to_float_array(env, values); };
}

}  // namespace

Napi::Function Session::define(Napi::Env env) {
  return DefineClass(env, "Session",
                     {
                         InstanceMethod<&Session::find_device>("findDevice"),
                         InstanceMethod<&Session::load>("load"),
                         InstanceMethod<&Session::predict>("predict"),
                         InstanceMethod<&Session::attribute>("attribute"),
                         InstanceMethod<&Session::start_training>("startTraining"),
                         InstanceMethod<&Session::train_step>("trainStep"),
                         InstanceMethod<&Session::compute_gradients>("computeGradients"),
                         InstanceMethod<&Session::write_checkpoint>("writeCheckpoint"),
                         InstanceMethod<&Session::restore_training>("restoreTraining"),
                         InstanceMethod<&Session::weights_digest>("weightsDigest"),
                         InstanceMethod<&Session::save>("save"),
                         InstanceMethod<&Session::export_torchscript>("exportTorchScript"),
                         InstanceMethod<&Session::parameter>("parameter"),
                         InstanceMethod<&Session::gradient>("gradient"),
                         InstanceMethod<&Session::parameter_names>("parameterNames"),
                         InstanceMethod<&Session::cancel>("cancel"),
                         InstanceMethod<&Session::interrupt>("interrupt"),
                         InstanceMethod<&Session::dispose>("dispose"),
                     });
}

Session::Session(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<Session>(info), environment_(Environment::of(info.Env())) {
  if (environment_->stopped())
    throw Napi::Error::New(info.Env(), "native call: this thread of Node.js is ending");
  const Napi::Object options = object_argument(info, 0);
  const std::int64_t threads = integer(options, "threads");
  const std::int64_t cores = integer(options, "cores");
  if (threads < 0 || threads > kMostThreads || cores < 1) {
    throw Napi::RangeError::New(info.Env(), "native call: expected 0 to " + std::to_string(kMostThreads) +
                                                " threads and at least 1 core");
  }
  worker_ = std::make_unique<Worker>(static_cast<int>(threads), static_cast<int>(cores));
  environment_->add(this);
}

Session::~Session() {
  if (worker_ == nullptr) return;
  environment_->remove(this);
  worker_->stop();
  if (failed_) leak();
}

void Session::stop() {
  worker_->stop();
  if (training_ != nullptr) training_->abandon_checkpoint();
}

void Session::leak() {
  (void)training_.release();
  (void)engine_.release();
}

Engine& Session::engine() {
  if (failed_) {
    throw Error(kDeviceFailed, "the model's device failed in an earlier call; begin again in a new process");
  }
  if (engine_ == nullptr) throw Error("DISPOSED", "the model is not loaded, or was disposed");
  return *engine_;
}

TrainingRun& Session::training() {
  (void)engine();
  if (training_ == nullptr) throw Error("INTERNAL", "no training of this model was started");
  return *training_;
}

Napi::Value Session::run(const Napi::CallbackInfo& info, std::uint64_t id, Work work) {
  // While a promise is open its session must not be collected.
  Ref();
  return run_on(
      *worker_, environment_, info.Env(),
      {.id = id,
       .work = std::move(work),
       .settled = [this] { Unref(); },
       .failed = [this](const Failure& failure) { failed_ = failed_ || failure.code == kDeviceFailed; }});
}

Napi::Value Session::find_device(const Napi::CallbackInfo& info) {
  return run(info, 0, [wanted = text_argument(info, 0)]() -> Result {
    return [device = choose_device(wanted).device.str()](Napi::Env env) -> Napi::Value {
      return Napi::String::New(env, device);
    };
  });
}

Napi::Value Session::load(const Napi::CallbackInfo& info) {
  const auto spec = std::make_shared<ModelSpec>(to_model_spec(object_argument(info, 0)));
  return run(info, job_argument(info, 1), [this, spec] {
    engine_ = std::make_unique<Engine>(std::move(*spec));
    return [engine = engine_.get()](Napi::Env env) { return to_info(env, engine->loaded()); };
  });
}

Napi::Value Session::predict(const Napi::CallbackInfo& info) {
  const auto batch = std::make_shared<const HostBatch>(to_host_batch(object_argument(info, 0), false));
  return run(info, job_argument(info, 1), [this, batch] { return floats(engine().predict(*batch)); });
}

Napi::Value Session::attribute(const Napi::CallbackInfo& info) {
  const Napi::Object request = object_argument(info, 0);
  const auto text = std::make_shared<const HostBatch>(to_host_batch(request, false));
  const auto baseline = std::make_shared<const std::vector<std::int32_t>>(to_baseline(request));
  return run(info, job_argument(info, 1), [this, text, baseline, options = to_attribution_options(request)] {
    return [result = engine().attribute(*text, *baseline, options)](Napi::Env env) {
      return to_attribution(env, result);
    };
  });
}

Napi::Value Session::start_training(const Napi::CallbackInfo& info) {
  const std::shared_ptr<Group> group = info[1].IsObject() ? GroupObject::group_of(info[1]) : nullptr;
  return run(info, 0, [this, options = to_training_options(object_argument(info, 0)), group] {
    LoadedModel& model = engine().loaded();
    // Before the new one takes memory.
    model.apply_pending_updates();
    training_.reset();
    training_ = std::make_unique<TrainingRun>(model, options, group);
    return nothing();
  });
}

Napi::Value Session::train_step(const Napi::CallbackInfo& info) {
  const Napi::Object list = object_argument(info, 0);
  if (!list.IsArray()) throw Napi::TypeError::New(info.Env(), "native call: expected an array of batches");
  const auto array = list.As<Napi::Array>();
  const auto batches = std::make_shared<std::vector<HostBatch>>();
  for (std::uint32_t i = 0; i < array.Length(); ++i) batches->push_back(to_host_batch(array.Get(i), true));
  std::optional<StepShare> share;
  if (info[2].IsObject()) share = to_share(info[2].As<Napi::Object>());
  return run(info, job_argument(info, 1), [this, batches, share] {
    return [result = training().step(*batches, share)](Napi::Env env) { return to_step(env, result); };
  });
}

Napi::Value Session::compute_gradients(const Napi::CallbackInfo& info) {
  const auto batch = std::make_shared<const HostBatch>(to_host_batch(object_argument(info, 0), true));
  return run(info, 0, [this, batch] {
    return [loss = training().compute_gradients(*batch)](Napi::Env env) -> Napi::Value {
      return Napi::Number::New(env, loss);
    };
  });
}

Napi::Value Session::write_checkpoint(const Napi::CallbackInfo& info) {
  Ref();
  Promises& promises = environment_->promises();
  const auto [ticket, promise] = promises.open(info.Env(), [this] { Unref(); });
  const auto ended = [&promises, ticket = ticket](const std::exception_ptr& failure) {
    if (failure == nullptr) return promises.resolve(ticket, nothing());
    try {
      std::rethrow_exception(failure);
    } catch (...) {
      promises.reject(ticket, current_failure());
    }
  };
  worker_->post({
      .id = 0,
      .run =
          [this, ended, file = text_argument(info, 0)] {
            try {
              training().write_checkpoint(file, ended);
            } catch (...) {
              ended(std::current_exception());
            }
          },
      .dropped = [&promises, ticket = ticket] { promises.reject(ticket, kDropped); },
  });
  return promise;
}

Napi::Value Session::restore_training(const Napi::CallbackInfo& info) {
  const auto tensors =
      std::make_shared<const std::vector<TensorSource>>(to_sources(object_argument(info, 0)));
  const std::int64_t steps = integer_argument(info, 1);
  return run(info, 0, [this, tensors, steps] {
    training().restore(*tensors, steps);
    return nothing();
  });
}

Napi::Value Session::weights_digest(const Napi::CallbackInfo& info) {
  return run(info, 0, [this]() -> Result {
    return [digest = training().weights_digest()](Napi::Env env) -> Napi::Value {
      return Napi::BigInt::New(env, digest);
    };
  });
}

Napi::Value Session::save(const Napi::CallbackInfo& info) {
  return run(info, job_argument(info, 1), [this, file = text_argument(info, 0)] {
    engine().save(file);
    return nothing();
  });
}

Napi::Value Session::export_torchscript(const Napi::CallbackInfo& info) {
  return run(
      info, job_argument(info, 2),
      [this, file = text_argument(info, 0), extra_files = to_texts(object_argument(info, 1))]() -> Result {
        return [check = engine().export_torchscript(file, extra_files)](Napi::Env env) {
          return to_export_check(env, check);
        };
      });
}

Napi::Value Session::parameter(const Napi::CallbackInfo& info) {
  return run(info, 0, [this, name = text_argument(info, 0)] { return floats(engine().parameter(name)); });
}

Napi::Value Session::gradient(const Napi::CallbackInfo& info) {
  return run(info, 0, [this, name = text_argument(info, 0)] { return floats(training().gradient(name)); });
}

Napi::Value Session::parameter_names(const Napi::CallbackInfo& info) {
  return run(info, 0, [this]() -> Result {
    return [names = engine().parameter_names()](Napi::Env env) { return to_array(env, names); };
  });
}

Napi::Value Session::cancel(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), worker_->cancel(job_argument(info, 0)));
}

void Session::interrupt(const Napi::CallbackInfo&) { worker_->interrupt(); }

Napi::Value Session::dispose(const Napi::CallbackInfo& info) {
  Ref();
  Promises& promises = environment_->promises();
  const auto [ticket, promise] = promises.open(info.Env(), [this] { Unref(); });
  const bool closing = worker_->close([this, &promises, ticket = ticket] {
    if (failed_) leak();
    training_.reset();
    engine_.reset();
    return_memory();
    promises.resolve(ticket, nothing());
  });
  if (!closing) promises.resolve(ticket, nothing());
  return promise;
}

}  // namespace tagformer::addon
