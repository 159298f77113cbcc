// The graphs of a TorchScript module: judged before anything runs, and made to follow train and eval.
#pragma once

#include <torch/csrc/jit/api/module.h>

namespace tagformer {

/// Checks every method of every part of the module: its operators are harmless (operators.h), it has no
/// hooks, no objects that are not modules, no loops without a known end, and not more nodes than any model
/// has, all calls unfolded. Functions that methods call are put in their place, so that what follows sees all
/// there is. Throws INVALID_MODEL.
void check_graphs(const torch::jit::Module& module);

/// What follow_mode found.
struct DropoutReport {
  /// Places that draw dropout and were fixed by tracing, and now follow.
  int freed = 0;
  /// Fused attention traced in evaluation mode: its dropout rate was written as 0 and cannot be known.
  int lost = 0;
  bool traced_in_training = false;
};

/// Tracing writes the mode of its moment into the graph: torch.nn.Dropout becomes aten::dropout(x, p, True).
/// Rewrites such constants to the module's attribute `training`, as scripting would have done. Call after
/// check_graphs.
DropoutReport follow_mode(const torch::jit::Module& module);

}  // namespace tagformer
