// Lists and dictionaries that a TorchScript module keeps.
#pragma once

#include <torch/csrc/jit/api/module.h>

namespace tagformer {

/// Throws INVALID_MODEL when `forward` changes a list or a dictionary that is an attribute of the module:
/// what it computes would depend on what it computed before, and no checkpoint would have it. Call after
/// check_graphs.
void refuse_changed_containers(const torch::jit::Module& module);

}  // namespace tagformer
