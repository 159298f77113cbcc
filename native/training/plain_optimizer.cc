#include "training/plain_optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <optional>

#include "runtime/stop.h"

namespace tagformer {
namespace {

Update fetched(const at::Tensor& seen) {
  const at::Tensor here = seen.to(at::kCPU);
  Update update{.loss = here[0].item<double>(), .gradient_norm = here[1].item<double>(), .applied = false};
  update.applied = std::isfinite(update.loss) && std::isfinite(update.gradient_norm);
  return update;
}

}  // namespace

PlainAdamW::PlainAdamW(ParameterSet& parameters, const AdamWOptions& options, c10::Device device)
    : AdamW(parameters, options),
      count_(at::zeros({}, at::TensorOptions().dtype(at::kFloat).device(device))) {}

Update PlainAdamW::update(double learning_rate, const at::Tensor& loss) {
  check_stop();
  return fetched(enqueue(at::full({}, learning_rate, count_.options()), loss));
}

Update PlainAdamW::take(const at::Tensor& seen) { return counted(fetched(seen)); }

at::Tensor PlainAdamW::enqueue(const at::Tensor& learning_rate, const at::Tensor& loss) {
  const at::NoGradGuard no_gradients;
  const std::map<Kind, Group> groups = groups_of_gradients();
  std::vector<at::Tensor> norms;
  for (const auto& [kind, group] : groups) {
    for (at::Tensor& norm : at::_foreach_norm(group.gradients)) norms.push_back(std::move(norm));
  }
  const at::Tensor norm = norms.empty() ? at::zeros({}, count_.options()) : at::stack(norms).norm();
  const at::Tensor apply_it = at::isfinite(loss).logical_and(at::isfinite(norm));
  count_.add_(apply_it);
  const at::Tensor skip = apply_it.logical_not().to(at::kFloat);
  for (const auto& [kind, group] : groups) apply(group, kind, learning_rate, norm, skip);
  copy_back();
  return at::stack({loss, norm.to(at::kDouble)});
}

std::map<PlainAdamW::Kind, PlainAdamW::Group> PlainAdamW::groups_of_gradients() const {
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

void PlainAdamW::apply(const Group& group, const Kind& kind, const at::Tensor& learning_rate,
                       const at::Tensor& norm, const at::Tensor& skip) const {
  const auto [rate, decays] = kind;
  double epsilon = options().epsilon;
  // r + epsilon, then divided by the correction c, is r / c + epsilon / c.
  if (options().epsilon_before_correction) {
    epsilon /= std::sqrt(1.0 - std::pow(options().beta2, static_cast<double>(steps() + 1)));
  }
  // Gradients are divided by it. torch.nn.utils.clip_grad_norm_ adds the same 1e-6.
  std::optional<at::Tensor> scale;
  const double clip = options().max_gradient_norm;
  if (clip > 0.0) scale = norm.add(1e-6).div(clip).clamp_min(1.0);
  // Where the update is left out the count is that of the one before, and unused: zero would divide by zero.
  const std::vector<at::Tensor> counts(group.masters.size(), count_.clamp_min(1.0));
  at::_fused_adamw_(group.masters, group.gradients, group.means, group.squares, {}, counts,
                    learning_rate.mul(rate), options().beta1, options().beta2,
                    decays ? options().weight_decay : 0.0, epsilon, /*amsgrad=*/false, /*maximize=*/false,
                    scale, skip);
}

void PlainAdamW::copy_back() const {
  std::vector<at::Tensor> masters;
  std::vector<at::Tensor> copies;
  for (const auto& parameter : parameters().all()) {
    if (!parameter->has_copy() || !parameter->gradient.defined()) continue;
    masters.push_back(parameter->master);
    copies.push_back(parameter->value);
  }
  if (!copies.empty()) at::_foreach_copy_(copies, masters);
}

}  // namespace tagformer
