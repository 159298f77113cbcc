// The graphs of a TorchScript module: judged before anything runs, and made to follow train and eval.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <string>
#include <vector>

namespace tagformer {

/// Checks every method of every part of the module: its operators are harmless (operators.h), it has no
/// hooks, no objects that are not modules, no loops without a known end, and not more nodes than any model
/// has, all calls unfolded. Functions that methods call are put in their place, so that what follows sees all
/// there is. Throws INVALID_MODEL.
void check_graphs(const torch::jit::Module& module);

/// Replaces calls of methods by their bodies, and the calls in those, until none is left. Call after
/// check_graphs, which has done so with functions and knows that this ends.
void inline_methods(torch::jit::Graph& graph);

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

/// Tracing also records the device: its name, and tensors on it. They follow the module to its device, and
/// are what they were while it is written to a file.
class DeviceConstants {
 public:
  DeviceConstants() = default;
  /// Those of all graphs of `module`, made to name `device`. Call after check_graphs and before the first
  /// run.
  DeviceConstants(const torch::jit::Module& module, c10::Device device);

  /// As the file has them.
  void as_stored() const { write(&Constant::stored); }
  /// As the device needs them.
  void as_placed() const { write(&Constant::placed); }

 private:
  struct Value {
    /// Of a constant that names a device.
    std::string name;
    /// Of one that is a tensor.
    at::Tensor tensor;
  };
  struct Constant {
    torch::jit::Node* node;
    Value stored, placed;
  };

  void write(Value Constant::* value) const;

  std::vector<Constant> constants_;
};

}  // namespace tagformer
