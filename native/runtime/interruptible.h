// Makes libtorch's own operations check the stop flag.
#pragma once

#include <c10/core/DispatchKeySet.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <c10/util/ThreadLocalDebugInfo.h>

namespace tagformer {

/// The key of the dispatcher under which operations are met before all others. It is one that libtorch keeps
/// for code outside of it and does not use.
constexpr c10::DispatchKey kMeetingKey = c10::DispatchKey::DeferredInit;

/// True in the copy of the add-on whose functions operations are met with: the first that was loaded.
bool meets_operations();

/// The keys that are left to an operation that was met.
inline c10::DispatchKeySet after_meeting(c10::DispatchKeySet keys) {
  return keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kMeetingKey);
}

/// While it lives, every operation of libtorch that this thread begins, or that a backward pass of this
/// thread begins on another, first checks this thread's stop flag (runtime/stop.h) and may end with Stopped.
/// An operation costs a microsecond more.
class Interruptible {
 public:
  Interruptible();

 private:
  c10::DebugInfoGuard flag_;
  c10::impl::IncludeDispatchKeyGuard guard_{kMeetingKey};
};

}  // namespace tagformer
