#include "addon/promises.h"

#include <utility>

namespace tagformer::addon {
namespace {

/// Promises settled in one turn of the event loop: thousands at once would block it.
constexpr int kPerTurn = 256;

Napi::Value to_error(Napi::Env env, const Failure& failure) {
  Napi::Object error = Napi::Error::New(env, failure.message).Value();
  error.Set("code", failure.code);
  if (!failure.detail.empty()) error.Set("detail", failure.detail);
  if (!failure.unknown.names.empty()) {
    error.Set("unknownNames", to_array(env, failure.unknown.names));
    error.Set("knownNames", to_array(env, failure.unknown.known));
  }
  return error;
}

}  // namespace

Napi::Array to_array(Napi::Env env, const std::vector<std::string>& names) {
  auto array = Napi::Array::New(env, names.size());
  for (std::uint32_t i = 0; i < names.size(); ++i) array.Set(i, names[i]);
  return array;
}

Promises::Promises(Napi::Env env) : channel_(Channel::New(env, "tagformer", 0, 1, this)) {
  channel_.Unref(env);
}

std::pair<std::uint64_t, Napi::Promise> Promises::open(Napi::Env env, std::function<void()> settled) {
  const std::uint64_t id = next_++;
  if (open_.empty()) channel_.Ref(env);
  const auto deferred = Napi::Promise::Deferred::New(env);
  open_.emplace(id, Open{deferred, std::move(settled)});
  return {id, deferred.Promise()};
}

void Promises::resolve(std::uint64_t id, Result result) { send({id, std::move(result), {}}); }

void Promises::reject(std::uint64_t id, Failure failure) { send({id, nullptr, std::move(failure)}); }

void Promises::send(Settlement settlement) {
  const std::scoped_lock lock(mutex_);
  if (!alive_) return;
  settlements_.push_back(std::move(settlement));
  if (settlements_.size() == 1) channel_.NonBlockingCall();
}

void Promises::close() {
  const std::scoped_lock lock(mutex_);
  if (!std::exchange(alive_, false)) return;
  settlements_.clear();
  channel_.Release();
}

void Promises::deliver(Napi::Env env, Napi::Function, Promises* self, void*) {
  // Node drains calls without an environment when it closes the channel.
  if (static_cast<napi_env>(env) == nullptr) return;
  for (int i = 0; i < kPerTurn; ++i) {
    Settlement settlement;
    {
      const std::scoped_lock lock(self->mutex_);
      if (!self->alive_ || self->settlements_.empty()) return;
      settlement = std::move(self->settlements_.front());
      self->settlements_.pop_front();
    }
    self->settle(env, settlement);
  }
  const std::scoped_lock lock(self->mutex_);
  if (self->alive_ && !self->settlements_.empty()) self->channel_.NonBlockingCall();
}

void Promises::settle(Napi::Env env, Settlement& settlement) {
  const Napi::HandleScope scope(env);
  const auto found = open_.find(settlement.id);
  if (found == open_.end()) return;
  const Open open = std::move(found->second);
  open_.erase(found);
  if (open_.empty()) channel_.Unref(env);
  open.settled();
  if (!settlement.result) {
    open.deferred.Reject(to_error(env, settlement.failure));
    return;
  }
  try {
    open.deferred.Resolve(settlement.result(env));
  } catch (const std::exception& error) {
    open.deferred.Reject(to_error(env, {"INTERNAL", error.what(), "", {}}));
  }
}

}  // namespace tagformer::addon
