#include "runtime/interruptible.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <memory>

#include "runtime/stop.h"

namespace tagformer {
namespace {

/// libtorch hands it, with the dispatcher's keys, to the threads on which autograd computes for a device.
struct WatchedFlag final : c10::DebugInfoBase {
  explicit WatchedFlag(StopFlag watched) : flag(watched) {}
  StopFlag flag;
};

/// Of the kinds of information that libtorch hands on, the one that is for programs and that it does not use.
c10::DebugInfoKind flag_kind() { return c10::DebugInfoKind::INFERENCE_CONTEXT; }

void check_watched_flag() {
  // Before every operation: nothing else is handed on under this kind.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-static-cast-downcast)
  const auto* const watched = static_cast<WatchedFlag*>(c10::ThreadLocalDebugInfo::get(flag_kind()));
  if (watched != nullptr) watched->flag.check();
}

void meet(const c10::OperatorHandle& operation, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
  check_watched_flag();
  operation.redispatchBoxed(after_meeting(keys), stack);
}

/// False when another copy of this add-on was first: a process has one fallback for each key.
bool register_fallback() {
  if (c10::Dispatcher::singleton().hasBackendFallbackForDispatchKey(kMeetingKey)) return false;
  // Never deregistered: threads may still compute when static objects are destroyed.
  auto* const library =
      std::make_unique<torch::Library>(torch::Library::IMPL, "_", kMeetingKey, __FILE__, __LINE__).release();
  library->fallback(torch::CppFunction::makeFromBoxedFunction<&meet>());
  return true;
}

}  // namespace

Interruptible::Interruptible() : flag_(flag_kind(), std::make_shared<WatchedFlag>(StopFlag::of_thread())) {}

bool meets_operations() {
  static const bool registered = register_fallback();
  return registered;
}

namespace {

/// When the add-on is loaded, before any thread computes.
[[maybe_unused]] const bool kRegistered = meets_operations();

}  // namespace
}  // namespace tagformer
