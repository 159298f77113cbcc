#include "training/recorded_step.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <optional>

#include "layers/aten_path.h"
#include "runtime/device.h"
#include "runtime/memory.h"
#include "runtime/random.h"
#include "runtime/recording.h"
#include "runtime/stop.h"
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

/// Few shapes make few recordings: the same batch with a row of zeros for it that has no labels, and so adds
/// nothing to the loss. In the packed form that row rounds the number of tokens up, by an eighth at most; in
/// the dense form it rounds the length of the longest row.
HostBatch rounded(const HostBatch& data, const LoadedModel& model) {
  const std::int64_t max_length = model.model().limits().max_length;
  HostBatch whole = data;
  const auto total = static_cast<std::int64_t>(data.ids.size());
  const std::int64_t added = model.is_dense()
                                 ? std::min(round_up(longest_of(data.offsets), max_length), max_length)
                                 : round_up(total + 1, max_length) - total;
  whole.ids.insert(whole.ids.end(), static_cast<std::size_t>(added), 0);
  whole.offsets.push_back(static_cast<std::int32_t>(whole.ids.size()));
  if (!data.types.empty()) whole.types.resize(whole.ids.size(), 0);
  whole.labels.insert(whole.labels.end(), static_cast<std::size_t>(model.labels()),
                      std::numeric_limits<float>::quiet_NaN());
  if (!data.weights.empty()) whole.weights.push_back(1.0F);
  return whole;
}

/// What is sent for a step: the learning rate, then the batch's tensors.
std::vector<at::Tensor> inputs_of(const DeviceBatch& batch, double learning_rate) {
  std::vector<at::Tensor> inputs = batch.tensors();
  inputs.insert(inputs.begin(), at::full({}, learning_rate, at::kFloat));
  return inputs;
}

class RecordedStep final : public StepRunner {
 public:
  RecordedStep(const StepParts& parts, AtenAdamW& optimizer, std::unique_ptr<StepRunner> direct)
      : parts_(parts), optimizer_(optimizer), direct_(std::move(direct)), device_(parts.model.device()) {}

  StepOutcome run(const StepInput& input) override {
    if (refused_ || input.micro_batches.size() != 1 || !input.micro_batches[0].texts.empty())
      return direct_->run(input);
    const std::vector<HostBatch> whole{rounded(input.micro_batches[0], parts_.model)};
    const StepInput padded{whole, input.share, input.learning_rate};
    const DeviceBatch batch = parts_.model.prepare_on_host(whole[0], input.share.labelled_count);
    const std::vector<at::Tensor> inputs = inputs_of(batch, input.learning_rate);
    const Shape shape = shape_of(batch, inputs);
    const auto met = recorded_.find(shape);
    if (met == recorded_.end()) {
      // What a process makes once and cannot record is made now. A step that fails has not been met: tried
      // again it must give the same.
      const StepOutcome outcome = direct_->run(padded);
      recorded_.try_emplace(shape);
      return outcome;
    }
    try {
      return {optimizer_.take(replayed(met->second, batch, inputs)), 1, input.share.stop};
    } catch (const Stopped&) {
      throw;
    } catch (const std::exception& error) {
      recorded_.clear();  // gives back the memory of all recordings
      refused_ = tells_refused_capture(error.what());
      if (!refused_ && !is_out_of_memory(error)) throw;
    }
    parts_.gradients.clear();
    return direct_->run(padded);
  }

 private:
  /// Sizes of all tensors, and the longest text.
  using Shape = std::vector<std::int64_t>;

  struct Recorded {
    /// What is sent for each step, one block: all memory that a recording reads.
    at::Tensor block;
    at::Tensor loss_and_norm;
    std::unique_ptr<Recording> recording;
  };

  /// What the step gives.
  at::Tensor replayed(Recorded& recorded, const DeviceBatch& batch, const std::vector<at::Tensor>& inputs) {
    const std::uint64_t seed =
        stream_of("step " + std::to_string(parts_.seed) + " " + std::to_string(optimizer_.steps()));
    if (recorded.recording == nullptr) {
      recorded = record(inputs, batch, seed);
    } else {
      recorded.block.copy_(pack(inputs, device_), /*non_blocking=*/true);
    }
    const StepGenerator generator(device_, seed);
    recorded.recording->replay();
    return recorded.loss_and_norm;
  }

  static Shape shape_of(const DeviceBatch& batch, const std::vector<at::Tensor>& inputs) {
    Shape shape;
    for (const at::Tensor& tensor : inputs) {
      shape.push_back(tensor.defined() ? tensor.dim() : -1);
      if (tensor.defined()) shape.insert(shape.end(), tensor.sizes().begin(), tensor.sizes().end());
    }
    const Sequences& sequences = batch.batch.sequences;
    if (sequences.is_packed()) shape.push_back(sequences.packed_positions().longest);
    return shape;
  }

  Recorded record(const std::vector<at::Tensor>& inputs, const DeviceBatch& like, std::uint64_t seed) {
    Recorded recorded{.block = pack(inputs, device_).to(device_, /*non_blocking=*/true),
                      .loss_and_norm = at::empty({2}, at::TensorOptions().dtype(at::kDouble).device(device_)),
                      .recording = make_recording(device_, like_recording())};
    std::vector<at::Tensor> there = unpack(recorded.block, inputs);
    const at::Tensor learning_rate = there.front();
    there.erase(there.begin());
    const StepGenerator generator(device_, seed);
    recorded.recording->record(
        [this, learning_rate, batch = like.replaced(there), to = recorded.loss_and_norm]() mutable {
          to.copy_(whole_step(batch, learning_rate));
        });
    return recorded;
  }

  /// Any recording of this training: what a step computes is read by no other.
  [[nodiscard]] const Recording* like_recording() const {
    for (const auto& [shape, recorded] : recorded_) {
      if (recorded.recording != nullptr) return recorded.recording.get();
    }
    return nullptr;
  }

  /// Forward, backward and update, all given to the device: what is recorded.
  at::Tensor whole_step(const DeviceBatch& batch, const at::Tensor& learning_rate) {
    const at::Tensor loss = parts_.objective.differentiate(batch, {.training = parts_.dropout});
    parts_.gradients.add_from_autograd(/*more_follow=*/false);
    const at::Tensor loss_and_norm = optimizer_.enqueue(parts_.gradients, learning_rate, loss);
    parts_.gradients.clear();
    return loss_and_norm;
  }

  StepParts parts_;
  AtenAdamW& optimizer_;
  std::unique_ptr<StepRunner> direct_;
  c10::Device device_;
  /// Of shapes that were met; without a recording until they are met again.
  std::map<Shape, Recorded> recorded_;
  /// CUDA would not record a step: all are computed directly from then on.
  bool refused_ = false;
};

}  // namespace

std::unique_ptr<StepRunner> make_recorded_step(const StepParts& parts, AtenAdamW& optimizer,
                                               std::unique_ptr<StepRunner> direct) {
  return std::make_unique<RecordedStep>(parts, optimizer, std::move(direct));
}

}  // namespace tagformer
