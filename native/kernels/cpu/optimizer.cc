// AdamW in one pass: decay, moments, update, the average of the weights where one is kept and, in bf16, the
// rounded copy that the forward pass reads.
#include "kernels/cpu/optimizer.h"

#include "kernels/cpu/vector.h"

namespace tagformer::cpu::TAGFORMER_ISA {

template <typename T>
void adamw(const AdamWStep& step, float* parameter, const T* gradient, float* mean, float* square,
           float* average, bf16* shadow, std::int64_t count) {
  const float rate = step.learning_rate / step.bias_correction1;
  for (std::int64_t i = 0; i < count; i += kLanes) {
    const std::int64_t left = lanes_left(i, count);
    const Floats g = load(gradient + i, left) * step.gradient_scale;
    const Floats m = load(mean + i, left) * step.beta1 + g * (1.0F - step.beta1);
    const Floats v = load(square + i, left) * step.beta2 + g * g * (1.0F - step.beta2);
    const Floats denominator = square_root(v) / step.bias_correction2_sqrt + step.epsilon;
    const Floats p = load(parameter + i, left) * step.decay - m / denominator * rate;
    store(mean + i, m, left);
    store(square + i, v, left);
    store(parameter + i, p, left);
    if (average != nullptr) {
      const Floats a = load(average + i, left);
      store(average + i, a + (p - a) * step.average_rate, left);
    }
    if (shadow != nullptr) store(shadow + i, p, left);
  }
}

template void adamw(const AdamWStep&, float*, const float*, float*, float*, float*, bf16*, std::int64_t);
template void adamw(const AdamWStep&, float*, const bf16*, float*, float*, float*, bf16*, std::int64_t);

void round_to_bf16(const float* x, bf16* y, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += kLanes) {
    const std::int64_t left = lanes_left(i, count);
    store(y + i, load(x + i, left), left);
  }
}

template <typename T>
double sum_of_squares(const T* x, std::int64_t count) {
  // Short float sums, then double: exact enough for a norm over hundreds of millions of elements.
  constexpr std::int64_t kRun = 1024;
  double total = 0.0;
  for (std::int64_t first = 0; first < count; first += kRun) {
    const std::int64_t end = first + kRun < count ? first + kRun : count;
    Floats part{};
    for (std::int64_t i = first; i < end; i += kLanes) {
      const Floats value = load(x + i, lanes_left(i, end));
      part += value * value;
    }
    for (int lane = 0; lane < kLanes; ++lane) total += static_cast<double>(part[lane]);
  }
  return total;
}

template double sum_of_squares(const float*, std::int64_t);
template double sum_of_squares(const bf16*, std::int64_t);

}  // namespace tagformer::cpu::TAGFORMER_ISA
