#include "training/recorded_steps.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "layers/plain.h"
#include "runtime/upload.h"

namespace tagformer {
namespace {

/// `count` rounded up to one of eight numbers between two powers of two, but by no more than `most`.
std::int64_t round_up(std::int64_t count, std::int64_t most) {
  const auto power = std::bit_floor(static_cast<std::uint64_t>(std::max<std::int64_t>(count, 8)));
  const auto largest = std::bit_floor(static_cast<std::uint64_t>(most));
  const auto step = static_cast<std::int64_t>(std::min(power / 8, largest));
  return (count + step - 1) / step * step;
}

std::int64_t longest_of(const std::vector<std::int32_t>& offsets) {
  std::int32_t longest = 0;
  for (std::size_t i = 1; i < offsets.size(); ++i) longest = std::max(longest, offsets[i] - offsets[i - 1]);
  return longest;
}

/// What is sent for a step: the learning rate, then the examples' tensors.
std::vector<at::Tensor> inputs_of(const Examples& examples, double learning_rate) {
  std::vector<at::Tensor> inputs = examples.tensors();
  inputs.insert(inputs.begin(), at::full({}, learning_rate, at::kFloat));
  return inputs;
}

}  // namespace

BatchData rounded(const BatchData& data, std::int64_t labels, std::int64_t max_length, bool dense) {
  BatchData whole = data;
  const auto total = static_cast<std::int64_t>(data.ids.size());
  const std::int64_t added = dense ? std::min(round_up(longest_of(data.offsets), max_length), max_length)
                                   : round_up(total + 1, max_length) - total;
  whole.ids.insert(whole.ids.end(), static_cast<std::size_t>(added), 0);
  whole.offsets.push_back(static_cast<std::int32_t>(whole.ids.size()));
  if (!data.types.empty()) whole.types.resize(whole.ids.size(), 0);
  whole.labels.insert(whole.labels.end(), static_cast<std::size_t>(labels),
                      std::numeric_limits<float>::quiet_NaN());
  if (!data.weights.empty()) whole.weights.push_back(1.0F);
  return whole;
}

at::Tensor RecordedSteps::run(const Examples& examples, double learning_rate, std::uint64_t seed) {
  const std::vector<at::Tensor> inputs = inputs_of(examples, learning_rate);
  Shape shape;
  for (const at::Tensor& tensor : inputs) {
    shape.push_back(tensor.defined() ? tensor.dim() : -1);
    if (tensor.defined()) shape.insert(shape.end(), tensor.sizes().begin(), tensor.sizes().end());
  }
  const Sequences& sequences = examples.batch.sequences;
  if (sequences.is_packed()) shape.push_back(sequences.places().longest);
  const auto [found, is_new] = recorded_.try_emplace(std::move(shape));
  if (is_new) return {};
  Recorded& recorded = found->second;
  if (recorded.recording == nullptr) {
    recorded = record(inputs, examples, seed);
  } else {
    recorded.block.copy_(pack(inputs, device_), /*non_blocking=*/true);
  }
  const StepGenerator generator(device_, seed);
  recorded.recording->replay();
  return recorded.seen;
}

RecordedSteps::Recorded RecordedSteps::record(const std::vector<at::Tensor>& inputs, const Examples& like,
                                              std::uint64_t seed) {
  Recorded recorded{.block = pack(inputs, device_).to(device_, /*non_blocking=*/true),
                    .seen = at::empty({2}, at::TensorOptions().dtype(at::kDouble).device(device_)),
                    .recording = make_recording(device_)};
  std::vector<at::Tensor> there = unpack(recorded.block, inputs);
  const at::Tensor learning_rate = there.front();
  there.erase(there.begin());
  const StepGenerator generator(device_, seed);
  recorded.recording->record(
      [this, learning_rate, examples = like.replaced(there), seen = recorded.seen]() mutable {
        seen.copy_(step_(examples, learning_rate));
      });
  return recorded;
}

}  // namespace tagformer
