#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <map>
#include <utility>

#include "runtime/stop.h"
#include "training/optimizer.h"

namespace tagformer {
namespace {

/// Tensors that are updated together.
struct Group {
  std::vector<at::Tensor> masters, gradients, means, squares;
};

class PlainAdamW final : public AdamW {
 public:
  PlainAdamW(ParameterSet& parameters, const AdamWOptions& options) : AdamW(parameters, options) {}

 protected:
  Update update(double learning_rate, const at::Tensor& loss) override {
    const at::NoGradGuard no_gradients;
    const std::map<Kind, Group> groups = groups_of_gradients();
    const at::Tensor norm = norm_of(groups, loss);
    check_stop();
    // The device itself leaves the weights alone where it must: nobody here has seen the numbers yet.
    const at::Tensor skip = at::isfinite(loss).logical_and(at::isfinite(norm)).logical_not().to(at::kFloat);
    for (const auto& [kind, group] : groups) apply(group, kind, learning_rate, norm, skip);
    copy_back();
    const at::Tensor seen = at::stack({loss, norm.to(at::kDouble)}).to(at::kCPU);
    Update result{.loss = seen[0].item<double>(), .gradient_norm = seen[1].item<double>(), .applied = false};
    result.applied = std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
    return result;
  }

 private:
  /// Factor of the learning rate, and whether weights decay.
  using Kind = std::pair<double, bool>;

  [[nodiscard]] std::map<Kind, Group> groups_of_gradients() const {
    std::map<Kind, Group> groups;
    for (const auto& parameter : parameters().all()) {
      if (!parameter->gradient.defined()) continue;
      Group& group = groups[{parameter->rate, parameter->role != Role::kVector}];
      group.masters.push_back(parameter->master);
      group.gradients.push_back(parameter->gradient.to(at::kFloat));
      group.means.push_back(parameter->mean);
      group.squares.push_back(parameter->square);
    }
    return groups;
  }

  /// Global norm of all gradients, `[]`.
  static at::Tensor norm_of(const std::map<Kind, Group>& groups, const at::Tensor& loss) {
    std::vector<at::Tensor> norms;
    for (const auto& [kind, group] : groups) {
      for (at::Tensor& norm : at::_foreach_norm(group.gradients)) norms.push_back(std::move(norm));
    }
    return norms.empty() ? at::zeros({}, loss.options().dtype(at::kFloat)) : at::stack(norms).norm();
  }

  void apply(const Group& group, const Kind& kind, double learning_rate, const at::Tensor& norm,
             const at::Tensor& skip) const {
    const auto [rate, decays] = kind;
    const auto step = static_cast<double>(steps() + 1);
    double epsilon = options().epsilon;
    // r + epsilon, then divided by the correction c, is r / c + epsilon / c.
    if (options().epsilon_before_correction) epsilon /= std::sqrt(1.0 - std::pow(options().beta2, step));
    // Gradients are divided by it. torch.nn.utils.clip_grad_norm_ adds the same 1e-6.
    std::optional<at::Tensor> scale;
    const double clip = options().max_gradient_norm;
    if (clip > 0.0) scale = norm.add(1e-6).div(clip).clamp_min(1.0);
    const std::vector<at::Tensor> counts(group.masters.size(), at::full({}, step, norm.options()));
    at::_fused_adamw_(group.masters, group.gradients, group.means, group.squares, {}, counts,
                      learning_rate * rate, options().beta1, options().beta2,
                      decays ? options().weight_decay : 0.0, epsilon, /*amsgrad=*/false, /*maximize=*/false,
                      scale, skip);
  }

  /// Refreshes the bf16 copies.
  void copy_back() const {
    std::vector<at::Tensor> masters;
    std::vector<at::Tensor> copies;
    for (const auto& parameter : parameters().all()) {
      if (!parameter->has_copy() || !parameter->gradient.defined()) continue;
      masters.push_back(parameter->master);
      copies.push_back(parameter->value);
    }
    if (!copies.empty()) at::_foreach_copy_(copies, masters);
  }
};

}  // namespace

std::unique_ptr<AdamW> make_plain_adamw(ParameterSet& parameters, const AdamWOptions& options) {
  return std::make_unique<PlainAdamW>(parameters, options);
}

}  // namespace tagformer
