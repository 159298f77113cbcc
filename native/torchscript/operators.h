// The operators that a foreign TorchScript module may use.
#pragma once

#include <string_view>

namespace tagformer {

/// Whether `name`, such as "aten::linear", computes tensors, numbers, texts or lists from others and nothing
/// else. What is not on the list is refused, whatever it does.
bool is_harmless(std::string_view name);

}  // namespace tagformer
