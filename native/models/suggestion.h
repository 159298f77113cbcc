// What a misspelt name was meant to be.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tagformer {

/// The nearest of `names` to `name` where it is near enough to be meant: by two edits, or by a third of its
/// length. The engine's side of src/suggestion.ts.
std::optional<std::string> nearest_name(const std::string& name, const std::vector<std::string>& names);

}  // namespace tagformer
