#include "runtime/interruptible.h"

#include <torch/library.h>

#include "runtime/stop.h"

namespace {

void meet(const c10::OperatorHandle& operation, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
  tagformer::check_stop();
  operation.redispatchBoxed(tagformer::after_meeting(keys), stack);
}

}  // namespace

TORCH_LIBRARY_IMPL(_, DeferredInit, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&meet>());
}
