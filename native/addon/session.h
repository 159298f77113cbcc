// The JavaScript object behind one model: a thread, and on it the engine and its training.
#pragma once

#include <memory>

#include "addon/environment.h"
#include "engine/engine.h"
#include "training/run.h"

namespace tagformer::addon {

class Session : public Napi::ObjectWrap<Session>, public Threaded {
 public:
  static Napi::Function define(Napi::Env env);

  /// new Session({ threads, cores }); see Worker.
  explicit Session(const Napi::CallbackInfo& info);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] Worker& worker() override { return *worker_; }
  /// Ends the running job and a checkpoint that is being written, and joins their threads.
  void stop() override;

 private:
  /// Queues work and returns its promise. `id` is the caller's number for cancel().
  Napi::Value run(const Napi::CallbackInfo& info, std::uint64_t id, Work work);
  [[nodiscard]] Engine& engine();
  [[nodiscard]] TrainingRun& training();
  /// Memory on a failed device cannot be freed: trying would throw in a destructor.
  void leak();

  Napi::Value find_device(const Napi::CallbackInfo& info);
  Napi::Value load(const Napi::CallbackInfo& info);
  Napi::Value predict(const Napi::CallbackInfo& info);
  Napi::Value attribute(const Napi::CallbackInfo& info);
  Napi::Value start_training(const Napi::CallbackInfo& info);
  Napi::Value train_step(const Napi::CallbackInfo& info);
  Napi::Value compute_gradients(const Napi::CallbackInfo& info);
  Napi::Value write_checkpoint(const Napi::CallbackInfo& info);
  Napi::Value restore_training(const Napi::CallbackInfo& info);
  Napi::Value weights_digest(const Napi::CallbackInfo& info);
  Napi::Value save(const Napi::CallbackInfo& info);
  Napi::Value export_torchscript(const Napi::CallbackInfo& info);
  Napi::Value parameter(const Napi::CallbackInfo& info);
  Napi::Value gradient(const Napi::CallbackInfo& info);
  Napi::Value parameter_names(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  void interrupt(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  std::shared_ptr<Environment> environment_;
  std::unique_ptr<Engine> engine_;
  /// Null before a training was started.
  std::unique_ptr<TrainingRun> training_;
  /// The device is lost, and every call rejects. Of the model's thread.
  bool failed_ = false;
  std::unique_ptr<Worker> worker_;
};

}  // namespace tagformer::addon
