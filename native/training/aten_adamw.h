// AdamW in libtorch's own operations over many tensors at once, on any device.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "training/adamw.h"

namespace tagformer {

/// No result is fetched before the whole update has been given to the device, which counts the updates itself
/// and decides itself whether a step is skipped.
class AtenAdamW final : public AdamW {
 public:
  AtenAdamW(ParameterSet& parameters, AdamWOptions options, c10::Device device);

  /// Gives one whole update to the device, or where memory is short nothing of it: `learning_rate` is `[]` in
  /// fp32, `loss` `[]` in fp64. Returns loss and norm of the gradients, `[2]` in fp64, all on the device.
  [[nodiscard]] at::Tensor enqueue(const Gradients& gradients, const at::Tensor& learning_rate,
                                   const at::Tensor& loss);
  /// What enqueue() gave, fetched; the update is counted.
  Update take(const at::Tensor& loss_and_norm);
  /// Whether the same operations make every update: then they may be recorded.
  [[nodiscard]] bool repeats_itself() const { return !options().epsilon_before_correction; }

 protected:
  Update update(const Gradients& gradients, double learning_rate, const at::Tensor& loss) override;
  void restored() override;

 private:
  /// Tensors that are updated together.
  struct Group {
    std::vector<at::Tensor> masters, gradients, means, squares;
    at::Tensor learning_rate;
  };
  /// Tensors that all groups share, `[]` each.
  struct Shared {
    /// What gradients are divided by; none: they are not clipped.
    std::optional<at::Tensor> scale;
    at::Tensor count, skip;
  };
  /// Factor of the learning rate, and whether weights decay.
  using Kind = std::pair<double, bool>;

  [[nodiscard]] std::map<Kind, Group> groups_of(const Gradients& gradients) const;
  [[nodiscard]] std::optional<at::Tensor> scale_of(const at::Tensor& norm) const;
  void apply(const Group& group, bool decays, const Shared& shared) const;
  /// Moves the averages of the weights towards the weights.
  void average(const Gradients& gradients, const Shared& shared) const;
  /// Refreshes the bf16 copies.
  void copy_back(const Gradients& gradients) const;

  /// Updates applied, `[]` in fp32: the device's own count of steps().
  at::Tensor count_;
};

}  // namespace tagformer
