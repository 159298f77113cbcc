// A batch that does not fit into memory, in two.
#pragma once

#include <utility>

#include "training/examples.h"

namespace tagformer {

/// The first and the second half of a batch's texts, with all that belongs to them. There are at least two
/// texts.
std::pair<BatchData, BatchData> halves(const BatchData& data, std::int64_t labels);

}  // namespace tagformer
