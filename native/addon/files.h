// What Node's `fs` lacks for saving models: kernel locks, and the exchange of two paths in one step.
#pragma once

#include "addon/napi_setup.h"

namespace tagformer::addon {

/// lockFile(descriptor, exclusive) -> 0 or errno; never waits. The kernel releases the lock with the
/// descriptor's last copy, thus with the process at the latest.
Napi::Value lock_file(const Napi::CallbackInfo& info);

/// exchangePaths(one, other) -> 0 or errno: each name then means what the other meant, and at no moment is
/// either of them missing.
Napi::Value exchange_paths(const Napi::CallbackInfo& info);

}  // namespace tagformer::addon
