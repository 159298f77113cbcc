// A number that tells the weights of a model from others.
#pragma once

#include <cstdint>

#include "weights/parameters.h"

namespace tagformer {

/// Of all bits of the fp32 weights, in the order of the parameters.
std::uint64_t weights_digest(const ParameterSet& parameters);

}  // namespace tagformer
