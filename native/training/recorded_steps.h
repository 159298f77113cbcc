// Whole training steps that are recorded once for each shape of batch and then replayed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "runtime/recording.h"
#include "training/examples.h"

namespace tagformer {

/// Few shapes make few recordings: the same batch with a row of zeros for it that has no labels, and so says
/// nothing to the loss. In the packed form (`dense` false) that row rounds the number of tokens up, by an
/// eighth at most; in the dense form it rounds the length of the longest row.
BatchData rounded(const BatchData& data, std::int64_t labels, std::int64_t max_length, bool dense);

class RecordedSteps {
 public:
  /// Gives a step to the device: the examples are there, `learning_rate` is `[]` in fp32. Returns `[2]` in
  /// fp64.
  using Step = std::function<at::Tensor(const Examples& examples, const at::Tensor& learning_rate)>;

  RecordedSteps(c10::Device device, Step step) : device_(device), step_(std::move(step)) {}

  /// What the step gives for these examples, which are on the CPU; undefined, and nothing done, when their
  /// shape is met for the first time: the caller then computes the step itself, which makes what a process
  /// makes once and cannot record. Random numbers are those of `seed`.
  at::Tensor run(const Examples& examples, double learning_rate, std::uint64_t seed);

 private:
  /// Sizes of all tensors, and the longest text.
  using Shape = std::vector<std::int64_t>;

  struct Recorded {
    /// What is sent for each step, one block: all memory that a recording reads.
    at::Tensor block;
    at::Tensor seen;
    std::unique_ptr<Recording> recording;
  };

  Recorded record(const std::vector<at::Tensor>& inputs, const Examples& like, std::uint64_t seed);

  c10::Device device_;
  Step step_;
  std::map<Shape, Recorded> recorded_;
};

}  // namespace tagformer
