// A batch that does not fit into memory, in two.
#pragma once

#include <utility>

#include "engine/batch_data.h"

namespace tagformer {

/// The first and the second half of a batch's texts, with all that belongs to them. There are at least two
/// texts.
std::pair<HostBatch, HostBatch> split_in_two(const HostBatch& data, std::int64_t labels);

}  // namespace tagformer
