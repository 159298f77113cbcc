#include "addon/group_object.h"

#include <cstring>
#include <utility>
#include <vector>

#include "addon/fields.h"
#include "runtime/error.h"

namespace tagformer::addon {
namespace {

GroupPlace to_place(const Napi::Object& object) {
  return {.rank = static_cast<int>(number(object, "rank")),
          .size = static_cast<int>(number(object, "size")),
          .file = text(object, "file"),
          .host = text(object, "host"),
          .port = static_cast<std::uint16_t>(number(object, "port")),
          .serves = boolean(object, "serves"),
          .address = text(object, "address"),
          .interfaces = text(object, "interfaces"),
          .timeout = std::chrono::milliseconds(static_cast<std::int64_t>(number(object, "timeout"))),
          .name = text(object, "name")};
}

std::string bytes_argument(const Napi::CallbackInfo& info, std::size_t index) {
  if (info.Length() <= index || !info[index].IsTypedArray()) {
    throw Napi::TypeError::New(info.Env(),
                               "native call: expected a Uint8Array as argument " + std::to_string(index + 1));
  }
  const auto array = info[index].As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(array.Data()), array.ByteLength()};
}

Napi::Value to_bytes(Napi::Env env, const std::vector<std::string>& all) {
  auto array = Napi::Array::New(env, all.size());
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    auto bytes = Napi::Uint8Array::New(env, all[i].size());
    if (!all[i].empty()) std::memcpy(bytes.Data(), all[i].data(), all[i].size());
    array.Set(i, bytes);
  }
  return array;
}

}  // namespace

Napi::Function GroupObject::define(Napi::Env env) {
  return DefineClass(env, "Group",
                     {
                         InstanceMethod<&GroupObject::meet>("meet"),
                         InstanceMethod<&GroupObject::connect>("connect"),
                         InstanceMethod<&GroupObject::exchange>("exchange"),
                         InstanceMethod<&GroupObject::leave>("leave"),
                         InstanceMethod<&GroupObject::statistics>("statistics"),
                         InstanceMethod<&GroupObject::cancel>("cancel"),
                     });
}

std::shared_ptr<Group> GroupObject::group_of(const Napi::Value& value) {
  return Unwrap(value.As<Napi::Object>())->group_;
}

GroupObject::GroupObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<GroupObject>(info), environment_(Environment::of(info.Env())) {
  if (environment_->stopped())
    throw Napi::Error::New(info.Env(), "native call: this thread of Node.js is ending");
  worker_ = std::make_unique<Worker>(/*threads=*/1, /*cores=*/1);
  environment_->add(this);
}

GroupObject::~GroupObject() {
  if (worker_ == nullptr) return;
  environment_->remove(this);
  worker_->stop();
}

Napi::Value GroupObject::run(const Napi::CallbackInfo& info, std::uint64_t id, Work work) {
  // While a promise is open its object must not be collected.
  Ref();
  return run_on(*worker_, environment_, info.Env(),
                {.id = id, .work = std::move(work), .settled = [this] { Unref(); }});
}

Group& GroupObject::group() {
  if (group_ == nullptr) throw Error("INTERNAL", "the ranks have not met");
  return *group_;
}

Napi::Value GroupObject::meet(const Napi::CallbackInfo& info) {
  return run(info, job_argument(info, 2),
             [this, place = to_place(object_argument(info, 0)), facts = text_argument(info, 1)]() -> Result {
               group_ = tagformer::meet(place, facts);
               return [all = group_->facts()](Napi::Env env) -> Napi::Value { return to_array(env, all); };
             });
}

Napi::Value GroupObject::connect(const Napi::CallbackInfo& info) {
  return run(info, job_argument(info, 0), [this] {
    group().connect();
    return nothing();
  });
}

Napi::Value GroupObject::exchange(const Napi::CallbackInfo& info) {
  return run(info, 0, [this, own = bytes_argument(info, 0), activity = text_argument(info, 1)]() -> Result {
    group().set_activity(activity);
    return [all = group().exchange(own)](Napi::Env env) { return to_bytes(env, all); };
  });
}

Napi::Value GroupObject::leave(const Napi::CallbackInfo& info) {
  return run(info, 0, [this, reason = text_argument(info, 0)] {
    if (group_ != nullptr) group_->leave(reason);
    return nothing();
  });
}

Napi::Value GroupObject::statistics(const Napi::CallbackInfo& info) {
  return run(info, 0, [this]() -> Result {
    return [found = group().statistics()](Napi::Env env) -> Napi::Value {
      auto result = Napi::Object::New(env);
      result.Set("bytes", static_cast<double>(found.bytes));
      result.Set("seconds", found.seconds);
      result.Set("stagedCopies", static_cast<double>(found.staged_copies));
      return result;
    };
  });
}

Napi::Value GroupObject::cancel(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), worker_->cancel(job_argument(info, 0)));
}

}  // namespace tagformer::addon
