// Weights in the form in which prediction reads them.
#pragma once

#include "weights/parameters.h"

namespace tagformer {

/// For prediction: packs the weights that are read by products only, in the model's precision, in int8 rounds
/// the word table to bytes with a scale for each row, and lets the tensors go. Nothing to do when that was
/// done.
void prepack(const ParameterSet& parameters);

/// The same for one parameter of a set of this precision.
void prepack(Parameter& parameter, Precision precision);

/// The same for a parameter that was not filled, from the rows that it would be filled with; false, and
/// nothing done, when it is not to be packed.
bool prepack_from(const RowSource& rows, Parameter& parameter, Precision precision);

/// Brings the tensors back for everything else: as they were packed, or from where they came when they were
/// rounded for prediction.
void unpack(const ParameterSet& parameters);

}  // namespace tagformer
