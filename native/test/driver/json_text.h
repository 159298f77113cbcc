// JSON as text: what the driver reads and writes.
#pragma once

#include <string>
#include <string_view>

#include "models/config.h"

namespace tagformer::driver {

/// Throws std::runtime_error that names the byte where the text is wrong.
Json parse_json(std::string_view text);

/// Numbers keep every bit of a float; those that are not finite become null.
std::string to_text(const Json& json);

}  // namespace tagformer::driver
