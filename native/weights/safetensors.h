// Filling parameters from safetensors files and writing them back.
//
// Headers are read and checked in TypeScript (src/model/safetensors.ts); here only ranges of bytes arrive.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "weights/parameters.h"

namespace tagformer {

/// One tensor of a file: its bytes are [begin, end).
struct TensorSource {
  std::string name;
  std::string file;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::int64_t begin;
  std::int64_t end;
};

/// Brings each parameter into another form before the next is read, so that a model is never in memory twice.
struct Conversion {
  /// Makes a parameter of the rows that it would be filled with; false, to have it filled.
  std::function<bool(const RowSource&, Parameter&)> read;
  /// Takes a parameter that is filled.
  std::function<void(Parameter&)> filled;
};

struct LoadReport {
  std::vector<std::string> initialised;
  std::vector<std::string> ignored;
};

/// Fills every parameter from `sources`, whose names may lack `prefix` (such as "bert.") or use the old
/// LayerNorm names gamma and beta. Head parameters that no source holds are initialised from `seed`; with no
/// sources at all everything is. `deviation` is the standard deviation of normal initialisation. Throws
/// INVALID_MODEL naming every missing or mis-shaped tensor.
///
/// Weights are read now: whoever changes a file later changes no model. Only masters that are not kept are
/// read again, and refused when the file has changed; and a file that nobody may write to is mapped.
///
/// `conversion` takes one parameter after the other.
LoadReport load_parameters(ParameterSet& parameters, const std::vector<TensorSource>& sources,
                           const std::string& prefix, double deviation, std::uint64_t seed,
                           const Conversion& conversion);

/// Writes all parameters to `file` in fp32 under their names; the bytes are on disk when it returns.
/// Throws IO; the caller writes beside the final name and renames.
void save_parameters(const ParameterSet& parameters, const std::string& file);

}  // namespace tagformer
