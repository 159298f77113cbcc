#include "training/aten_adamw.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <optional>
#include <utility>

#include "runtime/stop.h"

namespace tagformer {
namespace {

Update fetched(const at::Tensor& loss_and_norm) {
  const at::Tensor here = loss_and_norm.to(at::kCPU);
  Update update{.loss = here[0].item<double>(), .gradient_norm = here[1].item<double>(), .applied = false};
  update.applied = std::isfinite(update.loss) && std::isfinite(update.gradient_norm);
  return update;
}

}  // namespace

AtenAdamW::AtenAdamW(ParameterSet& parameters, AdamWOptions options, c10::Device device)
    : AdamW(parameters, std::move(options)),
      count_(at::zeros({}, at::TensorOptions().dtype(at::kFloat).device(device))) {}

Update AtenAdamW::update(const Gradients& gradients, double learning_rate, const at::Tensor& loss) {
  check_stop();
  return fetched(enqueue(gradients, at::full({}, learning_rate, count_.options()), loss));
}

Update AtenAdamW::take(const at::Tensor& loss_and_norm) { return counted(fetched(loss_and_norm)); }

void AtenAdamW::restored() { count_.fill_(static_cast<double>(steps())); }

at::Tensor AtenAdamW::enqueue(const Gradients& gradients, const at::Tensor& learning_rate,
                              const at::Tensor& loss) {
  const at::NoGradGuard no_gradients;
  // First everything that takes memory: what follows cannot fail for want of it, and so is done whole.
  const at::Tensor norm = gradients.norm();
  const at::Tensor apply_it = at::isfinite(loss).logical_and(at::isfinite(norm));
  const at::Tensor count = count_.add(apply_it.to(at::kFloat));
  const Shared shared{
      .scale = scale_of(norm),
      // Where the update is left out the count is that of the one before, and unused: zero would divide by
      // zero.
      .count = count.clamp_min(1.0),
      .skip = apply_it.logical_not().to(at::kFloat),
  };
  std::map<Kind, Group> groups = groups_of(gradients);
  for (auto& [kind, group] : groups) group.learning_rate = learning_rate.mul(kind.first);
  const at::Tensor loss_and_norm = at::stack({loss, norm.to(at::kDouble)});
  for (const auto& [kind, group] : groups) apply(group, kind.second, shared);
  if (options().average_steps > 0) average(gradients, shared);
  copy_back(gradients);
  count_.copy_(count);
  return loss_and_norm;
}

std::optional<at::Tensor> AtenAdamW::scale_of(const at::Tensor& norm) const {
  const double clip = options().max_gradient_norm;
  if (clip <= 0.0) return std::nullopt;
  // Gradients are divided by it. torch.nn.utils.clip_grad_norm_ adds the same 1e-6.
  return norm.add(1e-6).div(clip).clamp_min(1.0);
}

std::map<AtenAdamW::Kind, AtenAdamW::Group> AtenAdamW::groups_of(const Gradients& gradients) const {
  std::map<Kind, Group> groups;
  for (const auto& parameter : parameters().all()) {
    const at::Tensor& gradient = gradients.of(*parameter);
    if (!gradient.defined()) continue;
    const Moments& moments_of = moments()[parameter->index];
    Group& group = groups[{options().factors[parameter->index], parameter->role != Role::kVector}];
    group.masters.push_back(parameter->master);
    group.gradients.push_back(gradient);
    group.means.push_back(moments_of.mean);
    group.squares.push_back(moments_of.square);
  }
  return groups;
}

void AtenAdamW::apply(const Group& group, bool decays, const Shared& shared) const {
  double epsilon = options().epsilon;
  // r + epsilon, then divided by the correction c, is r / c + epsilon / c.
  if (options().epsilon_before_correction) {
    epsilon /= std::sqrt(1.0 - std::pow(options().beta2, static_cast<double>(steps() + 1)));
  }
  const std::vector<at::Tensor> counts(group.masters.size(), shared.count);
  at::_fused_adamw_(group.masters, group.gradients, group.means, group.squares, {}, counts,
                    group.learning_rate, options().beta1, options().beta2,
                    decays ? options().weight_decay : 0.0, epsilon, /*amsgrad=*/false, /*maximize=*/false,
                    shared.scale, shared.skip);
}

void AtenAdamW::average(const Gradients& gradients, const Shared& shared) const {
  const at::Tensor rate = shared.count.clamp_max(static_cast<double>(options().average_steps))
                              .reciprocal()
                              .mul(shared.skip.neg().add(1.0));
  for (const auto& parameter : parameters().all()) {
    if (!gradients.of(*parameter).defined()) continue;
    moments()[parameter->index].average.lerp_(parameter->master, rate);
  }
}

void AtenAdamW::copy_back(const Gradients& gradients) const {
  std::vector<at::Tensor> masters;
  std::vector<at::Tensor> copies;
  for (const auto& parameter : parameters().all()) {
    if (!parameter->has_copy() || !gradients.of(*parameter).defined()) continue;
    masters.push_back(parameter->master);
    copies.push_back(parameter->value);
  }
  if (!copies.empty()) at::_foreach_copy_(copies, masters);
}

}  // namespace tagformer
