// LayerNorm of residual + dropout(x + bias), forward and backward.
#include "test/check.h"
#include "test/finite_differences.h"
#include "test/mask.h"
#include "test/numbers.h"

namespace tagformer::test {
namespace {

constexpr std::int64_t kRows = 3;
constexpr std::int64_t kFirstRow = 11;
constexpr double kEpsilon = 1e-5F;

struct Case {
  std::int64_t width;
  bool bias, residual;
  double rate;
  bool beta = true;
};

template <typename T>
std::string name_of_case(const Case& c) {
  return name_of("norm", format_name<T>(), "width", c.width, "bias", c.bias, "residual", c.residual,
                 "dropout", c.rate, "beta", c.beta);
}

cpu::Dropout dropout_of(const Case& c) { return c.rate > 0.0 ? dropout_at(c.rate) : cpu::Dropout{}; }

double mask_at(const Case& c, std::int64_t row, std::int64_t column) {
  const cpu::Dropout dropout = dropout_of(c);
  return dropout.active() ? factor(dropout, 0, static_cast<std::uint32_t>(kFirstRow + row), column) : 1.0;
}

template <typename T>
struct Inputs {
  Matrix<T> x, residual, grad_y;
  Matrix<float> bias, gamma, beta;
};

template <typename T>
Inputs<T> inputs_of(const Case& c) {
  Random random(static_cast<std::uint64_t>(c.width));
  const auto rows = [&] { return Matrix<T>::input(random, kRows, c.width); };
  const auto vector = [&] { return Matrix<float>::input(random, 1, c.width); };
  return {rows(), rows(), rows(), vector(), vector(), vector()};
}

/// The forward pass in double precision.
struct Reference {
  Doubles y, normalised, reciprocal_deviation;
};

template <typename T>
Reference reference(const Case& c, const Inputs<T>& in) {
  Reference r;
  const auto width = static_cast<double>(c.width);
  for (std::int64_t i = 0; i < kRows; ++i) {
    Doubles z;
    double mean = 0.0;
    for (std::int64_t j = 0; j < c.width; ++j) {
      z.push_back((in.x(i, j) + (c.bias ? in.bias(0, j) : 0.0)) * mask_at(c, i, j) +
                  (c.residual ? in.residual(i, j) : 0.0));
      mean += z.back() / width;
    }
    double variance = 0.0;
    for (const double element : z) variance += (element - mean) * (element - mean) / width;
    const double reciprocal = 1.0 / std::sqrt(variance + kEpsilon);
    r.reciprocal_deviation.push_back(reciprocal);
    for (std::int64_t j = 0; j < c.width; ++j) {
      r.normalised.push_back((z[static_cast<std::size_t>(j)] - mean) * reciprocal);
      r.y.push_back(r.normalised.back() * in.gamma(0, j) + (c.beta ? in.beta(0, j) : 0.0));
    }
  }
  return r;
}

template <typename T>
struct Forward {
  Matrix<T> y, normalised;
  Matrix<float> reciprocal_deviation;
};

template <typename T>
Forward<T> run_forward(const Case& c, const Inputs<T>& in, const std::string& name) {
  Forward<T> r{Matrix<T>::output(kRows, c.width), Matrix<T>::output(kRows, c.width),
               Matrix<float>::output(kRows, 1)};
  const cpu::NormForward<T> forward{
      .x = in.x.data(),
      .bias = c.bias ? in.bias.data() : nullptr,
      .residual = c.residual ? in.residual.data() : nullptr,
      .gamma = in.gamma.data(),
      .beta = c.beta ? in.beta.data() : nullptr,
      .epsilon = static_cast<float>(kEpsilon),
      .y = r.y.data(),
      .normalised = r.normalised.data(),
      .reciprocal_deviation = r.reciprocal_deviation.data(),
      .width = c.width,
      .first_row = kFirstRow,
      .rows = kRows,
      .dropout = dropout_of(c),
  };
  cpu::typed_kernels<T>().norm_forward(forward);
  expect(name + ": kept inside",
         r.y.kept_inside() && r.normalised.kept_inside() && r.reciprocal_deviation.kept_inside());
  return r;
}

template <typename T>
struct Backward {
  Matrix<T> x, residual;
  Matrix<float> gamma, beta, bias;
};

/// The sums over rows begin with 1, to which the kernel must add.
template <typename T>
Backward<T> run_backward(const Case& c, const Inputs<T>& in, const Forward<T>& saved,
                         const std::string& name) {
  const auto sums = [&] {
    auto matrix = Matrix<float>::output(1, c.width);
    matrix.fill([] { return 1.0; });
    return matrix;
  };
  Backward<T> r{Matrix<T>::output(kRows, c.width), Matrix<T>::output(kRows, c.width), sums(), sums(), sums()};
  const cpu::NormBackward<T> backward{
      .grad_y = in.grad_y.data(),
      .normalised = saved.normalised.data(),
      .reciprocal_deviation = saved.reciprocal_deviation.data(),
      .gamma = in.gamma.data(),
      .grad_x = r.x.data(),
      .grad_residual = c.residual ? r.residual.data() : nullptr,
      .grad_gamma = r.gamma.data(),
      .grad_beta = r.beta.data(),
      .grad_bias = c.bias ? r.bias.data() : nullptr,
      .width = c.width,
      .first_row = kFirstRow,
      .rows = kRows,
      .dropout = dropout_of(c),
  };
  cpu::typed_kernels<T>().norm_backward(backward);
  expect(name + ": backward kept inside", r.x.kept_inside() && r.residual.kept_inside() &&
                                              r.gamma.kept_inside() && r.beta.kept_inside() &&
                                              r.bias.kept_inside());
  return r;
}

/// The backward pass in double precision, from what the forward kernel saved.
template <typename T>
void check_backward(const Case& c, const Inputs<T>& in, const Forward<T>& saved, const std::string& name) {
  const Backward<T> found = run_backward(c, in, saved, name);
  Doubles grad_x;
  Doubles grad_residual;
  const auto width = static_cast<std::size_t>(c.width);
  Doubles grad_gamma(width, 1.0);
  Doubles grad_beta(width, 1.0);
  Doubles grad_bias(width, 1.0);
  for (std::int64_t i = 0; i < kRows; ++i) {
    double mean = 0.0;
    double mean_product = 0.0;
    for (std::int64_t j = 0; j < c.width; ++j) {
      const double scaled = in.grad_y(i, j) * in.gamma(0, j) / static_cast<double>(c.width);
      mean += scaled;
      mean_product += scaled * saved.normalised(i, j);
    }
    for (std::int64_t j = 0; j < c.width; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const double normalised = saved.normalised(i, j);
      const double grad = (in.grad_y(i, j) * in.gamma(0, j) - mean - normalised * mean_product) *
                          saved.reciprocal_deviation(i, 0);
      grad_residual.push_back(grad);
      grad_x.push_back(grad * mask_at(c, i, j));
      grad_gamma[at] += in.grad_y(i, j) * normalised;
      grad_beta[at] += in.grad_y(i, j);
      grad_bias[at] += grad_x.back();
    }
  }
  // A gradient is a difference of numbers of this size; with a width of 1 nothing is left but their rounding.
  const double magnitude =
      *std::max_element(saved.reciprocal_deviation.data(), saved.reciprocal_deviation.data() + kRows);
  expect_at_most(name + ": grad_x", error_of(found.x, grad_x, magnitude), bound<T>(5e-6));
  if (c.residual) {
    expect_at_most(name + ": grad_residual", error_of(found.residual, grad_residual, magnitude),
                   bound<T>(5e-6));
  }
  expect_at_most(name + ": grad_gamma", error_of(found.gamma, grad_gamma), 1e-6);
  expect_at_most(name + ": grad_beta", error_of(found.beta, grad_beta), 1e-6);
  if (c.bias) expect_at_most(name + ": grad_bias", error_of(found.bias, grad_bias, magnitude), 5e-6);
}

template <typename T>
void test_case(const Case& c) {
  const std::string name = name_of_case<T>(c);
  const Inputs<T> in = inputs_of<T>(c);
  const Forward<T> found = run_forward(c, in, name);
  const Reference expected = reference(c, in);
  expect_at_most(name + ": y", error_of(found.y, expected.y), bound<T>(5e-6));
  expect_at_most(name + ": normalised", error_of(found.normalised, expected.normalised), bound<T>(5e-6));
  expect_at_most(name + ": reciprocal_deviation",
                 error_of(found.reciprocal_deviation, expected.reciprocal_deviation), 1e-6);
  check_backward(c, in, found, name);
}

/// The gradients above are formulas; here they are what the forward pass says they are.
void test_finite_differences() {
  const Case c{19, true, true, 0.3};
  const Inputs<float> in = inputs_of<float>(c);
  const Backward<float> found = run_backward(c, in, run_forward(c, in, "norm"), "norm");
  const auto loss = [&](const Inputs<float>& inputs) {
    return weighted_sum(reference(c, inputs).y, in.grad_y);
  };
  const auto check = [&](const char* name, Matrix<float> Inputs<float>::* matrix, const Matrix<float>& grad,
                         double start) {
    expect_at_most(name_of("norm, finite differences:", name),
                   error_of(grad, finite_differences(in, matrix, loss, start)), 1e-5);
  };
  check("grad_x", &Inputs<float>::x, found.x, 0.0);
  check("grad_residual", &Inputs<float>::residual, found.residual, 0.0);
  check("grad_gamma", &Inputs<float>::gamma, found.gamma, 1.0);
  check("grad_beta", &Inputs<float>::beta, found.beta, 1.0);
  check("grad_bias", &Inputs<float>::bias, found.bias, 1.0);
}

/// A mean far larger than the deviation: what a variance from E[x^2] - E[x]^2 would lose.
void test_large_mean() {
  const Case c{768, false, false, 0.0};
  Inputs<float> in = inputs_of<float>(c);
  Random random(1);
  in.x.fill([&random] { return 1000.0 + random.normal(); });
  const Forward<float> found = run_forward(c, in, "norm");
  expect_at_most("norm, mean of 1000: y", error_of(found.y, reference(c, in).y), 1e-4);
}

}  // namespace

void test_norm() {
  for (const std::int64_t width : {1, 3, 16, 17, 48, 127, 128, 129, 768, 1000}) {
    for (const bool bias : {false, true}) {
      for (const bool residual : {false, true}) {
        for (const double rate : {0.0, 0.3}) {
          test_case<float>({width, bias, residual, rate});
          test_case<bf16>({width, bias, residual, rate});
        }
      }
    }
  }
  test_case<float>({129, false, false, 0.0, false});
  test_case<bf16>({768, true, true, 0.3, false});
  test_finite_differences();
  test_large_mean();
}

}  // namespace tagformer::test
