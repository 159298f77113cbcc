#include "weights/declare.h"

namespace tagformer {

Parameter* declare_table(ParameterSet& parameters, const std::string& name, std::int64_t rows,
                         std::int64_t width, Initial initial) {
  return &parameters.add(name + ".weight", {rows, width}, Role::kExact, initial);
}

Norm declare_norm(ParameterSet& parameters, const std::string& name, std::int64_t width, Bias bias) {
  Parameter* const gamma = &parameters.add(name + ".weight", {width}, Role::kVector, Initial::kOnes);
  if (bias == Bias::kNone) return {gamma, nullptr};
  return {gamma, &parameters.add(name + ".bias", {width}, Role::kVector, Initial::kZeros)};
}

Linear declare_linear(ParameterSet& parameters, const std::string& name, std::int64_t in, std::int64_t out,
                      bool head, Bias bias) {
  Parameter* const weight = &parameters.add(name + ".weight", {out, in}, head ? Role::kExact : Role::kMatrix,
                                            Initial::kNormal, head);
  weight->multiplies_only = true;
  if (bias == Bias::kNone) return {weight, nullptr};
  return {weight, &parameters.add(name + ".bias", {out}, Role::kVector, Initial::kZeros, head)};
}

Linear declare_stacked(ParameterSet& parameters, const std::vector<std::string>& names, std::int64_t in,
                       std::int64_t out) {
  std::vector<std::string> weights;
  std::vector<std::string> biases;
  for (const std::string& name : names) {
    weights.push_back(name + ".weight");
    biases.push_back(name + ".bias");
  }
  Parameter* const weight =
      &parameters.add_stacked(std::move(weights), {out, in}, Role::kMatrix, Initial::kNormal);
  weight->multiplies_only = true;
  return {weight, &parameters.add_stacked(std::move(biases), {out}, Role::kVector, Initial::kZeros)};
}

}  // namespace tagformer
