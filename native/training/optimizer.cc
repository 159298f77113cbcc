#include "training/optimizer.h"

#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "layers/dispatch.h"
#include "runtime/pages.h"
#include "runtime/stop.h"

namespace tagformer {
namespace {

/// Elements that one thread takes at a time. Norms are summed per chunk and in order, so that they do not
/// depend on the number of threads.
constexpr std::int64_t kChunk = 1 << 16;

/// body(chunk, first, count) over the elements, in parallel, to the end: half a step is none.
template <typename Body>
void for_chunks(std::int64_t elements, const Body& body) {
  const auto thread = [&](const auto& each) {
    each([&](std::int64_t begin, std::int64_t end) { body(begin / kChunk, begin, end - begin); });
  };
  share_out(elements, kChunk, thread, StopFlag());
}

double sum_of_squares(const at::Tensor& tensor) {
  std::vector<double> sums(static_cast<std::size_t>((tensor.numel() + kChunk - 1) / kChunk));
  for_type(tensor, [&]<typename T>() {
    for_chunks(tensor.numel(), [&](std::int64_t chunk, std::int64_t first, std::int64_t count) {
      sums[static_cast<std::size_t>(chunk)] =
          cpu::typed_kernels<T>().sum_of_squares(elements<const T>(tensor) + first, count);
    });
  });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

/// at::zeros_like, but on the CPU in memory that is taken only where it is written to.
at::Tensor zeros_for(const at::Tensor& tensor) {
  return tensor.device().is_cpu() ? zeros_in_pages(tensor.sizes(), tensor.scalar_type())
                                  : at::zeros_like(tensor);
}

class KernelAdamW final : public AdamW {
 public:
  KernelAdamW(ParameterSet& parameters, const AdamWOptions& options, WordRows* words)
      : AdamW(parameters, options), words_(words) {}

 protected:
  Update update(double learning_rate, const at::Tensor& loss) override {
    Update result{.loss = loss.item<double>(), .gradient_norm = gradient_norm(), .applied = false};
    result.applied = std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
    check_stop();
    if (result.applied) apply(learning_rate, result.gradient_norm);
    return result;
  }

 private:
  [[nodiscard]] double gradient_norm() const {
    double total = 0.0;
    for (const auto& parameter : parameters().all()) {
      if (words_ != nullptr && &words_->parameter() == parameter.get())
        total += words_->sum_of_squares(kChunk);
      const at::Tensor& gradient = parameter->gradient;
      if (gradient.defined()) total += sum_of_squares(gradient);
    }
    return std::sqrt(total);
  }

  void apply(double learning_rate, double norm) const;

  WordRows* words_;
};

void KernelAdamW::apply(double learning_rate, double norm) const {
  const auto step = static_cast<double>(steps() + 1);
  cpu::AdamWStep update{
      .learning_rate = 0.0F,
      .beta1 = static_cast<float>(options().beta1),
      .beta2 = static_cast<float>(options().beta2),
      .epsilon = static_cast<float>(options().epsilon),
      .decay = 1.0F,
      .bias_correction1 = static_cast<float>(1.0 - std::pow(options().beta1, step)),
      .bias_correction2_sqrt = static_cast<float>(std::sqrt(1.0 - std::pow(options().beta2, step))),
      .gradient_scale = 1.0F,
  };
  // r + epsilon, then divided by the correction c, is r / c + epsilon / c.
  if (options().epsilon_before_correction) update.epsilon /= update.bias_correction2_sqrt;
  // torch.nn.utils.clip_grad_norm_ adds the same 1e-6.
  const double clip = options().max_gradient_norm;
  if (clip > 0.0 && norm > 0.0)
    update.gradient_scale = static_cast<float>(std::min(1.0, clip / (norm + 1e-6)));

  const auto set_rates = [&](const Parameter& parameter) {
    const double rate = learning_rate * parameter.rate;
    const bool decays = parameter.role != Role::kVector;
    update.learning_rate = static_cast<float>(rate);
    update.decay = decays ? static_cast<float>(1.0 - rate * options().weight_decay) : 1.0F;
  };
  if (words_ != nullptr) {
    set_rates(words_->parameter());
    words_->update(update);
  }
  for (const auto& parameter : parameters().all()) {
    const at::Tensor& gradient = parameter->gradient;
    if (!gradient.defined()) continue;
    set_rates(*parameter);
    auto* const master = elements<float>(parameter->master);
    auto* const mean = elements<float>(parameter->mean);
    auto* const square = elements<float>(parameter->square);
    auto* const copy = parameter->has_copy() ? elements<cpu::bf16>(parameter->value) : nullptr;
    for_type(gradient, [&]<typename T>() {
      const T* const from = elements<const T>(gradient);
      for_chunks(gradient.numel(), [&](std::int64_t, std::int64_t first, std::int64_t count) {
        cpu::typed_kernels<T>().adamw(update, master + first, from + first, mean + first, square + first,
                                      copy == nullptr ? nullptr : copy + first, count);
      });
    });
  }
}

}  // namespace

AdamW::AdamW(ParameterSet& parameters, const AdamWOptions& options)
    : parameters_(parameters), options_(options) {
  for (const auto& parameter : parameters_.all()) {
    check_stop();
    if (parameter->rate == 0.0) continue;
    parameter->mean = zeros_for(parameter->master);
    parameter->square = zeros_for(parameter->master);
  }
}

Update AdamW::step(double learning_rate, const at::Tensor& loss) {
  return counted(update(learning_rate, loss));
}

Update AdamW::counted(const Update& update) {
  if (update.applied) ++steps_;
  return update;
}

std::unique_ptr<AdamW> make_adamw(ParameterSet& parameters, const AdamWOptions& options, WordRows* words) {
  return std::make_unique<KernelAdamW>(parameters, options, words);
}

}  // namespace tagformer
