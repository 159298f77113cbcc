// Groups of parameters that architectures declare together.
#pragma once

#include "weights/parameters.h"

namespace tagformer {

/// Whether a layer has a bias (a LayerNorm: a shift).
enum class Bias : bool { kNone, kSome };

/// x W^T + b, `[in] -> [out]`; the bias may be null.
struct Linear {
  Parameter* weight;
  Parameter* bias;
};

/// Scale and shift of a LayerNorm; the shift may be null.
struct Norm {
  Parameter* gamma;
  Parameter* beta;
};

/// A lookup table `name`.weight, `[rows, width]`.
Parameter* declare_table(ParameterSet& parameters, const std::string& name, std::int64_t rows,
                         std::int64_t width, Initial initial = Initial::kNormal);

/// A LayerNorm `name`.weight and `name`.bias.
Norm declare_norm(ParameterSet& parameters, const std::string& name, std::int64_t width,
                  Bias bias = Bias::kSome);

/// A linear layer `name`.weight and `name`.bias. One of the classification head may be absent from the files,
/// and stays fp32.
Linear declare_linear(ParameterSet& parameters, const std::string& name, std::int64_t in, std::int64_t out,
                      bool head = false, Bias bias = Bias::kSome);

/// The last linear layer of the classification head, which has one row a label.
Linear declare_scores(ParameterSet& parameters, const std::string& name, std::int64_t in,
                      std::int64_t labels);

/// Linear layers of equal size with the same input, stored one below the other and computed as one.
Linear declare_stacked(ParameterSet& parameters, const std::vector<std::string>& names, std::int64_t in,
                       std::int64_t out);

}  // namespace tagformer
