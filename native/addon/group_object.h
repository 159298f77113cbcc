// The JavaScript object behind the ranks that train one model together.
#pragma once

#include <memory>
#include <string>

#include "addon/environment.h"
#include "distributed/group.h"

namespace tagformer::addon {

/// Waits for the other ranks on a thread of its own. A training exchanges on its model's thread instead,
/// while nothing is asked of this one: all ranks must exchange in one order.
class GroupObject : public Napi::ObjectWrap<GroupObject>, public Threaded {
 public:
  static Napi::Function define(Napi::Env env);
  /// The group that an object has met.
  static std::shared_ptr<Group> group_of(const Napi::Value& value);

  explicit GroupObject(const Napi::CallbackInfo& info);
  ~GroupObject() override;
  GroupObject(const GroupObject&) = delete;
  GroupObject& operator=(const GroupObject&) = delete;

  [[nodiscard]] Worker& worker() override { return *worker_; }
  void stop() override { worker_->stop(); }

 private:
  Napi::Value run(const Napi::CallbackInfo& info, std::uint64_t id, Work work);
  [[nodiscard]] Group& group();

  Napi::Value meet(const Napi::CallbackInfo& info);
  Napi::Value connect(const Napi::CallbackInfo& info);
  Napi::Value exchange(const Napi::CallbackInfo& info);
  Napi::Value leave(const Napi::CallbackInfo& info);
  Napi::Value statistics(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);

  std::shared_ptr<Environment> environment_;
  /// Null before they have met.
  std::shared_ptr<Group> group_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace tagformer::addon
