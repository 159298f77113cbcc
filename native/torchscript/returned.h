// What a TorchScript module returns: logits, or what was already made of them.
#pragma once

#include <torch/csrc/jit/api/module.h>

namespace tagformer {

/// Throws INVALID_MODEL when the scores that `forward` returns are the result of a sigmoid or a softmax, or
/// of the logarithm of one: they would go through the sigmoid twice. What is returned is followed back
/// through calls, tuples, dictionaries, branches and everything that only moves or copies elements. Branches
/// on attributes of the module count as the attributes are. Call after check_graphs.
void refuse_probabilities(const torch::jit::Module& module);

}  // namespace tagformer
