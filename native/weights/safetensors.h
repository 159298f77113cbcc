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

struct LoadSettings {
  /// What the names of tensors may lack, such as "bert.".
  std::string prefix;
  /// Standard deviation of normal initialisation, and its seed.
  double deviation;
  std::uint64_t seed;
  /// True: the layer whose rows are the labels is initialised even where a file holds it, because that is for
  /// other labels.
  bool fresh_scores;
};

struct LoadReport {
  std::vector<std::string> initialised;
  std::vector<std::string> ignored;
  /// Whether a file holds the layer whose rows are the labels.
  bool has_scores = false;
};

/// Fills every parameter from `sources`, whose names may lack the prefix or use the old LayerNorm names gamma
/// and beta. Head parameters that no source holds are initialised; with no sources at all everything is.
/// Throws INVALID_MODEL naming every missing or mis-shaped tensor.
///
/// Weights are read now: a later change of a file changes no model. Only masters that are not kept are read
/// again, and refused when the file has changed; a read-only file is mapped.
///
/// `conversion` takes one parameter after the other.
LoadReport load_parameters(ParameterSet& parameters, const std::vector<TensorSource>& sources,
                           const LoadSettings& settings, const Conversion& conversion);

/// Writes all parameters to `file` in fp32 under their names; the bytes are on disk when it returns.
/// Throws IO; the caller writes beside the final name and renames.
void save_parameters(const ParameterSet& parameters, const std::string& file);

}  // namespace tagformer
