#include "training/step.h"

#include <ATen/ops/full.h>

#include <utility>

#include "engine/split_in_two.h"
#include "runtime/memory.h"
#include "training/adversarial.h"

namespace tagformer {
namespace {

class DirectStep final : public StepRunner {
 public:
  explicit DirectStep(const StepParts& parts) : parts_(parts) {}

  StepOutcome run(const StepInput& input) override {
    const std::vector<HostBatch>& batches = input.micro_batches;
    const StepShare& share = input.share;
    Halves halves{.next = share.all_micro_batches + rank(), .stride = ranks(), .count = 0};
    at::Tensor loss;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const Mode mode{
          .training = parts_.dropout,
          .seed = parts_.seed,
          .step = static_cast<std::uint32_t>(parts_.optimizer.steps()),
          .micro_batch = static_cast<std::uint32_t>(share.first_micro_batch) + static_cast<std::uint32_t>(i)};
      const at::Tensor part = accumulate(batches[i], mode, share.labelled_count,
                                         /*more_follow=*/share.all_micro_batches > 1, halves);
      loss = loss.defined() ? loss.add(part) : part;
    }
    bool stop = share.stop;
    if (parts_.exchange != nullptr) {
      const double own = loss.defined() ? loss.item<double>() : 0.0;
      const StepSums sums = parts_.exchange->sum(parts_.gradients, own, share.stop);
      parts_.exchange->share_buffers(parts_.model.model());
      loss = at::full({}, sums.loss, at::TensorOptions().dtype(at::kDouble).device(parts_.model.device()));
      stop = sums.stop;
    }
    const Update update = parts_.optimizer.step(parts_.gradients, input.learning_rate, loss);
    return {update, static_cast<std::int64_t>(batches.size()) + halves.count, stop};
  }

 private:
  /// Numbers of halves among the micro-batches of the step: each rank takes its own of those that are free.
  struct Halves {
    std::int64_t next, stride, count;

    std::uint32_t take() {
      ++count;
      return static_cast<std::uint32_t>(std::exchange(next, next + stride));
    }
  };

  [[nodiscard]] std::int64_t rank() const {
    return parts_.exchange == nullptr ? 0 : parts_.exchange->group().rank();
  }
  [[nodiscard]] std::int64_t ranks() const {
    return parts_.exchange == nullptr ? 1 : parts_.exchange->group().size();
  }

  /// Adds the gradients of one batch; in halves, and halves of those, where memory is short. `halves` names
  /// their random numbers, which may not be those of other parts. Returns the loss.
  at::Tensor accumulate(const HostBatch& data, Mode mode, std::int64_t labelled_count, bool more_follow,
                        Halves& halves) {
    bool enough_memory = true;
    at::Tensor loss;
    try {
      loss = differentiate(data, mode, labelled_count);
    } catch (const std::exception& error) {
      if (!is_out_of_memory(error) || count_texts(data) == 1) throw;
      enough_memory = false;
    }
    // Not in the catch clause: the exception keeps tensors alive.
    if (!enough_memory) {
      parts_.gradients.discard_fresh();
      const auto [first, second] = split_in_two(data, parts_.model.labels());
      loss = accumulate(first, mode, labelled_count, /*more_follow=*/true, halves);
      mode.micro_batch = halves.take();
      return loss.add(accumulate(second, mode, labelled_count, /*more_follow=*/true, halves));
    }
    parts_.gradients.add_from_autograd(more_follow);
    return loss;
  }

  at::Tensor differentiate(const HostBatch& data, const Mode& mode, std::int64_t labelled_count) {
    DeviceBatch prepared = parts_.model.prepare(data, labelled_count);
    const at::Tensor rows = parts_.optimizer.look_up(prepared.batch.ids);
    prepared.batch.words = rows;
    at::Tensor loss = parts_.objective.differentiate(prepared, mode);
    if (parts_.adversarial > 0.0) differentiate_moved(prepared, mode);
    if (rows.defined()) parts_.gradients.add_rows(prepared.batch.ids, rows);
    return loss;
  }

  /// Adds the gradients of the same batch, and the same dropout, with its words where they raise the loss
  /// most.
  void differentiate_moved(DeviceBatch& prepared, const Mode& mode) {
    Batch& batch = prepared.batch;
    const WordTable words = parts_.model.model().words();
    const at::Tensor move = worst_move(batch, words, parts_.adversarial);
    if (!move.defined()) return;
    const at::Tensor rows = batch.words;
    if (!rows.defined()) {
      batch.words = embed_words(*words.table, batch, words.padding_id).add(move);
    } else {
      batch.words = rows.detach().add(move).to(rows.scalar_type()).requires_grad_(true);
    }
    static_cast<void>(parts_.objective.differentiate(prepared, mode));
    if (rows.defined()) rows.mutable_grad().add_(batch.words.grad());
  }

  StepParts parts_;
};

}  // namespace

std::unique_ptr<StepRunner> make_direct_step(const StepParts& parts) {
  return std::make_unique<DirectStep>(parts);
}

}  // namespace tagformer
