// AdamW, gradient norms and rounding to bf16.
#include <limits>

#include "test/check.h"
#include "test/numbers.h"

namespace tagformer::test {
namespace {

struct Moments {
  double parameter, mean, square, average;
};

/// torch.optim.AdamW's update of one element.
Moments updated(const cpu::AdamWStep& step, Moments at, double gradient) {
  const double g = gradient * step.gradient_scale;
  const double mean = at.mean * step.beta1 + g * (1.0 - step.beta1);
  const double square = at.square * step.beta2 + g * g * (1.0 - step.beta2);
  const double denominator = std::sqrt(square) / step.bias_correction2_sqrt + step.epsilon;
  const double parameter =
      at.parameter * step.decay - step.learning_rate / step.bias_correction1 * mean / denominator;
  return {parameter, mean, square, at.average + step.average_rate * (parameter - at.average)};
}

cpu::AdamWStep step_number(int t, float learning_rate) {
  return {
      .learning_rate = learning_rate,
      .beta1 = 0.9F,
      .beta2 = 0.999F,
      .epsilon = 1e-8F,
      .decay = 1.0F - learning_rate * 0.01F,
      .bias_correction1 = static_cast<float>(1.0 - std::pow(0.9, t)),
      .bias_correction2_sqrt = static_cast<float>(std::sqrt(1.0 - std::pow(0.999, t))),
      .gradient_scale = 0.37F,
      .average_rate = 1.0F / static_cast<float>(std::min(t, 4)),
  };
}

Matrix<float> zeros(std::int64_t count) {
  auto matrix = Matrix<float>::output(1, count);
  matrix.fill([] { return 0.0; });
  return matrix;
}

/// Ten steps with new gradients each, as a run takes them.
template <typename T>
void test_adamw(std::int64_t count, bool with_shadow, bool with_average) {
  Random random(static_cast<std::uint64_t>(count));
  auto parameter = Matrix<float>::output(1, count);
  parameter.fill([&random] { return random.normal(); });
  Matrix<float> mean = zeros(count);
  Matrix<float> square = zeros(count);
  Matrix<float> average = zeros(count);
  auto shadow = Matrix<bf16>::output(1, count);
  std::vector<Moments> expected;
  expected.reserve(static_cast<std::size_t>(count));
  for (std::int64_t j = 0; j < count; ++j) expected.push_back({parameter(0, j), 0.0, 0.0, 0.0});

  for (int t = 1; t <= 10; ++t) {
    const auto gradient = Matrix<T>::input(random, 1, count);
    const cpu::AdamWStep step = step_number(t, 1e-2F);
    cpu::typed_kernels<T>().adamw(step, parameter.data(), gradient.data(), mean.data(), square.data(),
                                  with_average ? average.data() : nullptr,
                                  with_shadow ? shadow.data() : nullptr, count);
    for (std::int64_t j = 0; j < count; ++j) {
      Moments& moments = expected[static_cast<std::size_t>(j)];
      moments = updated(step, moments, gradient(0, j));
    }
  }
  const auto column = [&](double Moments::* member) {
    Doubles values;
    for (const Moments& moments : expected) values.push_back(moments.*member);
    return values;
  };
  const std::string name = name_of("adamw", format_name<T>(), "count", count, "shadow", with_shadow);
  expect_at_most(name + ": parameter", error_of(parameter, column(&Moments::parameter)), 2e-6);
  expect_at_most(name + ": mean", error_of(mean, column(&Moments::mean)), 2e-6);
  expect_at_most(name + ": square", error_of(square, column(&Moments::square)), 5e-6);
  if (with_average) {
    expect_at_most(name + ": average", error_of(average, column(&Moments::average)), 2e-6);
  }
  bool rounded_copy = true;
  for (std::int64_t j = 0; with_shadow && j < count; ++j) {
    rounded_copy = rounded_copy && shadow.at(0, j).bits == nearest_bf16(parameter.at(0, j)).bits;
  }
  expect(name + ": shadow is the rounded parameter", rounded_copy);
  expect(name + ": kept inside", parameter.kept_inside() && mean.kept_inside() && square.kept_inside() &&
                                     average.kept_inside() && shadow.kept_inside());
}

/// The first step's update is the learning rate, however small the gradient is, and none without a gradient.
void test_first_step() {
  for (const float gradient : {1e-6F, 1.0F, -1e6F, 0.0F}) {
    float parameter = 1.0F;
    float mean = 0.0F;
    float square = 0.0F;
    cpu::AdamWStep step = step_number(1, 1e-3F);
    step.decay = 1.0F;
    step.gradient_scale = 1.0F;
    cpu::typed_kernels<float>().adamw(step, &parameter, &gradient, &mean, &square, nullptr, nullptr, 1);
    const double expected = updated(step, {1.0, 0.0, 0.0, 0.0}, gradient).parameter;
    expect_at_most(name_of("adamw, first step, gradient", gradient), std::abs(parameter - expected), 1e-7);
  }
}

template <typename T>
void test_sum_of_squares(std::int64_t count) {
  Random random(static_cast<std::uint64_t>(count));
  const auto x = Matrix<T>::input(random, 1, count);
  double expected = 0.0;
  for (std::int64_t j = 0; j < count; ++j) expected += x(0, j) * x(0, j);
  const double found = cpu::typed_kernels<T>().sum_of_squares(x.data(), count);
  expect_at_most(name_of("sum of squares", format_name<T>(), "count", count),
                 std::abs(found / expected - 1.0), 1e-6);
}

void test_sum_of_not_finite() {
  std::vector<float> x(100, 1.0F);
  expect("sum of squares of nothing", cpu::typed_kernels<float>().sum_of_squares(x.data(), 0) == 0.0);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    x[97] = bad;
    expect(name_of("sum of squares with", bad),
           !std::isfinite(cpu::typed_kernels<float>().sum_of_squares(x.data(), 100)));
  }
}

/// Every upper half with lower halves around each rounding boundary: all exponents, denormals, infinities and
/// NaNs.
void test_rounding() {
  constexpr std::uint32_t kLower[] = {0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF};
  std::vector<float> x;
  for (std::uint32_t upper = 0; upper < 0x10000; ++upper) {
    for (const std::uint32_t lower : kLower) x.push_back(std::bit_cast<float>(upper << 16 | lower));
  }
  const auto count = static_cast<std::int64_t>(x.size());
  auto y = Matrix<bf16>::output(1, count);
  cpu::kernels().round_to_bf16(x.data(), y.data(), count);
  std::int64_t wrong = 0;
  for (std::int64_t j = 0; j < count; ++j) {
    wrong += y.at(0, j).bits != nearest_bf16(x[static_cast<std::size_t>(j)]).bits ? 1 : 0;
  }
  expect_at_most("rounding to bf16: wrong results", static_cast<double>(wrong), 0.0);
  expect("rounding to bf16: kept inside", y.kept_inside());
}

void test_rounding_tail(std::int64_t count) {
  Random random(1);
  const auto x = Matrix<float>::input(random, 1, count);
  auto y = Matrix<bf16>::output(1, count);
  cpu::kernels().round_to_bf16(x.data(), y.data(), count);
  bool right = true;
  for (std::int64_t j = 0; j < count; ++j) right = right && y.at(0, j).bits == nearest_bf16(x.data()[j]).bits;
  expect(name_of("rounding to bf16, count", count), right && y.kept_inside());
}

}  // namespace

void test_optimizer() {
  for (const std::int64_t count : {1, 3, 15, 16, 17, 1000}) {
    for (const bool with_shadow : {false, true}) {
      test_adamw<float>(count, with_shadow, !with_shadow);
      test_adamw<bf16>(count, with_shadow, with_shadow);
    }
    test_rounding_tail(count);
  }
  test_first_step();
  for (const std::int64_t count : {1, 3, 17, 1023, 1024, 1025, 100'000}) {
    test_sum_of_squares<float>(count);
    test_sum_of_squares<bf16>(count);
  }
  test_sum_of_not_finite();
  test_rounding();
}

}  // namespace tagformer::test
