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
  Parameter* const shift = &parameters.add(name + ".bias", {out}, Role::kVector, Initial::kZeros, head);
  shift->rounded_on_device = !head;
  return {weight, shift};
}

Linear declare_scores(ParameterSet& parameters, const std::string& name, std::int64_t in,
                      std::int64_t labels) {
  const Linear scores = declare_linear(parameters, name, in, labels, /*head=*/true);
  scores.weight->scores = scores.bias->scores = true;
  return scores;
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
  Parameter* const shift = &parameters.add_stacked(std::move(biases), {out}, Role::kVector, Initial::kZeros);
  shift->rounded_on_device = true;
  return {weight, shift};
}

}  // namespace tagformer
