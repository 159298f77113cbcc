// AdamW in libtorch's own operations over many tensors at once, on any device.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "training/optimizer.h"

namespace tagformer {

/// Nothing of an update is fetched before all of it has been given to the device, which counts the updates
/// itself, and itself leaves the weights alone where it must.
class PlainAdamW final : public AdamW {
 public:
  PlainAdamW(ParameterSet& parameters, const AdamWOptions& options, c10::Device device);

  /// Gives one whole update to the device: `learning_rate` is `[]` in fp32, `loss` `[]` in fp64. Returns loss
  /// and norm of the gradients, `[2]` in fp64, all on the device.
  [[nodiscard]] at::Tensor enqueue(const at::Tensor& learning_rate, const at::Tensor& loss);
  /// What enqueue() gave, fetched; the update is counted.
  Update take(const at::Tensor& seen);
  /// Whether the same operations make every update: then they may be recorded.
  [[nodiscard]] bool repeats_itself() const { return !options().epsilon_before_correction; }

 protected:
  Update update(double learning_rate, const at::Tensor& loss) override;

 private:
  /// Tensors that are updated together.
  struct Group {
    std::vector<at::Tensor> masters, gradients, means, squares;
  };
  /// Factor of the learning rate, and whether weights decay.
  using Kind = std::pair<double, bool>;

  [[nodiscard]] std::map<Kind, Group> groups_of_gradients() const;
  void apply(const Group& group, const Kind& kind, const at::Tensor& learning_rate, const at::Tensor& norm,
             const at::Tensor& skip) const;
  /// Refreshes the bf16 copies.
  void copy_back() const;

  /// Updates applied, `[]` in fp32: the device's own count of steps().
  at::Tensor count_;
};

}  // namespace tagformer
