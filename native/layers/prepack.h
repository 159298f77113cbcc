// Weights of linear layers kept as their products read them.
#pragma once

#include "weights/parameters.h"

namespace tagformer {

/// For prediction: packs the weights that are read by products only, in the model's precision, and lets the
/// tensors go. Nothing to do when that was done.
void prepack(ParameterSet& parameters);

/// Brings the tensors back for everything else: fp32 as it was packed, others from where they came.
void unpack(ParameterSet& parameters);

}  // namespace tagformer
