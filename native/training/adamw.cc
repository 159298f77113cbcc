#include "training/adamw.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "layers/dispatch.h"
#include "runtime/page_memory.h"
#include "training/chunks.h"

namespace tagformer {
namespace {

/// at::zeros_like, but on the CPU in memory that is taken only where it is written to.
at::Tensor zeros_for(const at::Tensor& tensor) {
  return tensor.device().is_cpu() ? zeros_in_pages(tensor.sizes(), tensor.scalar_type())
                                  : at::zeros_like(tensor);
}

class KernelAdamW final : public AdamW {
 public:
  KernelAdamW(ParameterSet& parameters, AdamWOptions options, const WordTable& words)
      : AdamW(parameters, std::move(options)), words_(words) {
    if (words_.table == nullptr || !words_.table->value.requires_grad()) words_ = {};
    make_rows(/*fresh=*/true);
  }

  [[nodiscard]] WordTable by_rows() const override { return words_; }
  at::Tensor look_up(const at::Tensor& ids) override { return rows_ ? rows_->look_up(ids) : at::Tensor(); }
  void apply_pending() override {
    if (rows_) rows_->apply_pending();
  }

 protected:
  Update update(const Gradients& gradients, double learning_rate, const at::Tensor& loss) override {
    Update result{
        .loss = loss.item<double>(), .gradient_norm = gradients.norm().item<double>(), .applied = false};
    result.applied = std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
    check_stop();
    if (result.applied) apply(gradients, learning_rate, result.gradient_norm);
    return result;
  }

  void restored() override { make_rows(/*fresh=*/false); }

 private:
  void make_rows(bool fresh) {
    if (words_.table != nullptr) rows_.emplace(*words_.table, moments()[words_.table->index], fresh);
  }

  /// What all parameters share.
  [[nodiscard]] cpu::AdamWStep step_of(double norm) const;
  /// The same for one of them.
  void set_rates(cpu::AdamWStep& step, const Parameter& parameter, double learning_rate) const;
  void apply(const Gradients& gradients, double learning_rate, double norm);
  void apply_to(const Parameter& parameter, const at::Tensor& gradient, const cpu::AdamWStep& step) const;

  WordTable words_;
  std::optional<LazyRows> rows_;
};

cpu::AdamWStep KernelAdamW::step_of(double norm) const {
  const auto count = static_cast<double>(steps() + 1);
  cpu::AdamWStep step{
      .learning_rate = 0.0F,
      .beta1 = static_cast<float>(options().beta1),
      .beta2 = static_cast<float>(options().beta2),
      .epsilon = static_cast<float>(options().epsilon),
      .decay = 1.0F,
      .bias_correction1 = static_cast<float>(1.0 - std::pow(options().beta1, count)),
      .bias_correction2_sqrt = static_cast<float>(std::sqrt(1.0 - std::pow(options().beta2, count))),
      .gradient_scale = 1.0F,
      .average_rate = static_cast<float>(
          1.0 /
          std::clamp(count, 1.0, static_cast<double>(std::max<std::int64_t>(1, options().average_steps)))),
  };
  // r + epsilon, then divided by the correction c, is r / c + epsilon / c.
  if (options().epsilon_before_correction) step.epsilon /= step.bias_correction2_sqrt;
  // torch.nn.utils.clip_grad_norm_ adds the same 1e-6.
  const double clip = options().max_gradient_norm;
  if (clip > 0.0 && norm > 0.0) step.gradient_scale = static_cast<float>(std::min(1.0, clip / (norm + 1e-6)));
  return step;
}

void KernelAdamW::set_rates(cpu::AdamWStep& step, const Parameter& parameter, double learning_rate) const {
  const double rate = learning_rate * options().factors[parameter.index];
  const bool decays = parameter.role != Role::kVector;
  step.learning_rate = static_cast<float>(rate);
  step.decay = decays ? static_cast<float>(1.0 - rate * options().weight_decay) : 1.0F;
}

void KernelAdamW::apply(const Gradients& gradients, double learning_rate, double norm) {
  cpu::AdamWStep step = step_of(norm);
  for (const auto& parameter : parameters().all()) {
    const bool by_rows = rows_ && parameter.get() == words_.table;
    const at::Tensor& gradient = gradients.of(*parameter);
    if (!by_rows && !gradient.defined()) continue;
    set_rates(step, *parameter, learning_rate);
    if (by_rows) {
      rows_->update(step, gradients.rows().value());
    } else {
      apply_to(*parameter, gradient, step);
    }
  }
}

void KernelAdamW::apply_to(const Parameter& parameter, const at::Tensor& gradient,
                           const cpu::AdamWStep& step) const {
  const Moments& moments_of = moments()[parameter.index];
  auto* const master = elements<float>(parameter.master);
  auto* const mean = elements<float>(moments_of.mean);
  auto* const square = elements<float>(moments_of.square);
  auto* const average = moments_of.average.defined() ? elements<float>(moments_of.average) : nullptr;
  auto* const copy = parameter.has_copy() ? elements<cpu::bf16>(parameter.value) : nullptr;
  for_type(gradient, [&]<typename T> {
    const T* const from = elements<const T>(gradient);
    for_chunks(gradient.numel(), [&](std::int64_t, std::int64_t first, std::int64_t count) {
      cpu::typed_kernels<T>().adamw(step, master + first, from + first, mean + first, square + first,
                                    average == nullptr ? nullptr : average + first,
                                    copy == nullptr ? nullptr : copy + first, count);
    });
  });
}

}  // namespace

AdamW::AdamW(ParameterSet& parameters, AdamWOptions options)
    : parameters_(parameters), options_(std::move(options)), moments_(parameters.all().size()) {
  for (const auto& parameter : parameters.all()) {
    check_stop();
    if (options_.factors[parameter->index] == 0.0) continue;
    moments_[parameter->index] = {
        .mean = zeros_for(parameter->master),
        .square = zeros_for(parameter->master),
        .average = options_.average_steps > 0 ? parameter->master.detach().clone() : at::Tensor()};
  }
}

Update AdamW::step(const Gradients& gradients, double learning_rate, const at::Tensor& loss) {
  if (before_update_ != nullptr) before_update_();
  return counted(update(gradients, learning_rate, loss));
}

Update AdamW::counted(const Update& update) {
  if (update.applied) ++steps_;
  return update;
}

void AdamW::restore(std::vector<Moments> moments, std::int64_t steps) {
  moments_ = std::move(moments);
  steps_ = steps;
  restored();
}

void AdamW::exchange_averages() {
  const at::NoGradGuard no_gradients;
  for (const auto& parameter : parameters_.all()) {
    at::Tensor& average = moments_[parameter->index].average;
    if (!average.defined()) continue;
    const bool has_copy = parameter->has_copy();
    std::swap(parameter->master, average);
    if (has_copy) {
      parameter->value.copy_(parameter->master);
    } else {
      parameter->value = parameter->master;
    }
  }
}

std::unique_ptr<AdamW> make_adamw(ParameterSet& parameters, AdamWOptions options, const WordTable& words) {
  return std::make_unique<KernelAdamW>(parameters, std::move(options), words);
}

}  // namespace tagformer
