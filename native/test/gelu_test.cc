// gelu(x + bias) over rows in both its forms, forward and backward, and the errors of the functions that they
// rest on.
#include <limits>
#include <numbers>

#include "test/check.h"
#include "test/numbers.h"

namespace tagformer::test {
namespace {

/// x Phi(x) with the normal distribution function Phi.
struct Exact {
  static constexpr const char* kName = "gelu";

  template <typename T>
  static auto forward() {
    return cpu::typed_kernels<T>().gelu_forward;
  }
  template <typename T>
  static auto backward() {
    return cpu::typed_kernels<T>().gelu_backward;
  }
  static double cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
  static double density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi); }
};

/// The same with (1 + tanh u) / 2 for Phi, u = sqrt(2 / pi) (x + 0.044715 x^3) (Hendrycks & Gimpel 2016).
struct Tanh {
  static constexpr const char* kName = "tanh-gelu";

  template <typename T>
  static auto forward() {
    return cpu::typed_kernels<T>().tanh_gelu_forward;
  }
  template <typename T>
  static auto backward() {
    return cpu::typed_kernels<T>().tanh_gelu_backward;
  }
  static double inner(double x) { return std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x); }
  static double cdf(double x) { return 1.0 / (1.0 + std::exp(-2.0 * inner(x))); }
  static double density(double x) {
    const double root = std::sqrt(2.0 / std::numbers::pi);
    const double hyperbolic = std::cosh(std::min(std::abs(inner(x)), 300.0));
    return 0.5 * root * (1.0 + 3.0 * 0.044715 * x * x) / (hyperbolic * hyperbolic);
  }
};

template <typename Form>
double derivative(double x) {
  return Form::cdf(x) + x * Form::density(x);
}

Matrix<float> constant(std::int64_t width, double element) {
  auto matrix = Matrix<float>::output(1, width);
  matrix.fill([element] { return element; });
  return matrix;
}

template <typename Form, typename T>
void test_rows(std::int64_t width) {
  constexpr std::int64_t kRows = 3;
  Random random(static_cast<std::uint64_t>(width));
  const auto x = Matrix<T>::input(random, kRows, width);
  const auto grad_y = Matrix<T>::input(random, kRows, width);
  const auto bias = Matrix<float>::input(random, 1, width);
  auto y = Matrix<T>::output(kRows, width);
  auto grad_x = Matrix<T>::output(kRows, width);
  Matrix<float> grad_bias = constant(width, 1.0);
  Form::template forward<T>()(x.data(), bias.data(), y.data(), kRows, width);
  Form::template backward<T>()(grad_y.data(), x.data(), bias.data(), grad_x.data(), grad_bias.data(), kRows,
                               width);
  Doubles expected;
  Doubles expected_grad;
  Doubles expected_grad_bias(static_cast<std::size_t>(width), 1.0);
  for (std::int64_t i = 0; i < kRows; ++i) {
    for (std::int64_t j = 0; j < width; ++j) {
      const double z = x(i, j) + bias(0, j);
      expected.push_back(z * Form::cdf(z));
      expected_grad.push_back(grad_y(i, j) * derivative<Form>(z));
      expected_grad_bias[static_cast<std::size_t>(j)] += expected_grad.back();
    }
  }
  const std::string name = name_of(Form::kName, format_name<T>(), "width", width);
  expect_at_most(name + ": y", error_of(y, expected), bound<T>(1e-6));
  expect_at_most(name + ": grad_x", error_of(grad_x, expected_grad), bound<T>(1e-6));
  expect_at_most(name + ": grad_bias", error_of(grad_bias, expected_grad_bias), 1e-6);
  expect(name + ": kept inside", y.kept_inside() && grad_x.kept_inside() && grad_bias.kept_inside());
}

/// gelu and its derivative at every point of a vector, one row.
struct Curve {
  Matrix<float> x, y, slope;
};

template <typename Form>
Curve curve_of(const std::vector<float>& points) {
  const auto count = static_cast<std::int64_t>(points.size());
  Random random(1);
  Curve curve{Matrix<float>::input(random, 1, count), Matrix<float>::output(1, count),
              Matrix<float>::output(1, count)};
  std::size_t next = 0;
  curve.x.fill([&] { return points[next++]; });
  const Matrix<float> zeros = constant(count, 0.0);
  const Matrix<float> ones = constant(count, 1.0);
  Matrix<float> grad_bias = constant(count, 0.0);
  Form::template forward<float>()(curve.x.data(), zeros.data(), curve.y.data(), 1, count);
  Form::template backward<float>()(ones.data(), curve.x.data(), zeros.data(), curve.slope.data(),
                                   grad_bias.data(), 1, count);
  return curve;
}

/// gelu(x) / x is the distribution function: a dense grid shows the error of both.
template <typename Form>
void test_grid() {
  std::vector<float> points;
  for (int i = -1'200'000; i <= 1'200'000; ++i) points.push_back(static_cast<float>(i) * 1e-5F);
  const Curve curve = curve_of<Form>(points);
  double cdf_error = 0.0;
  double slope_error = 0.0;
  for (std::int64_t j = 0; j < curve.x.width(); ++j) {
    const double x = curve.x(0, j);
    if (x != 0.0) cdf_error = std::max(cdf_error, std::abs(curve.y(0, j) / x - Form::cdf(x)));
    slope_error = std::max(slope_error, std::abs(curve.slope(0, j) - derivative<Form>(x)));
  }
  expect_at_most(name_of(Form::kName, ": normal distribution function on [-12, 12]"), cdf_error, 3e-7);
  expect_at_most(name_of(Form::kName, ": derivative on [-12, 12]"), slope_error, 5e-7);
}

/// Far out, gelu is x on the right and 0 on the left; an error of Phi there would grow with x.
template <typename Form>
void test_far_out() {
  std::vector<float> points;
  for (float x = 6.0F; x < 1e30F; x *= 1.37F) points.insert(points.end(), {x, -x});
  const Curve curve = curve_of<Form>(points);
  for (std::int64_t j = 0; j < curve.x.width(); ++j) {
    const double x = curve.x(0, j);
    const double expected = x > 0.0 ? x : 0.0;
    expect_at_most(name_of(Form::kName, "far out at", x), std::abs(curve.y(0, j) - expected),
                   1e-6 * std::max(1.0, expected));
    expect_at_most(name_of(Form::kName, "far out, derivative at", x),
                   std::abs(curve.slope(0, j) - (x > 0.0 ? 1.0 : 0.0)), 1e-6);
  }
}

template <typename Form>
void test_not_finite() {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Curve curve = curve_of<Form>({std::numeric_limits<float>::quiet_NaN(), kInfinity, 1.0F});
  const std::string of = name_of(Form::kName, "of ");
  expect(of + "NaN is NaN", std::isnan(curve.y(0, 0)) && std::isnan(curve.slope(0, 0)));
  expect(of + "infinity is infinite", curve.y(0, 1) == kInfinity);
  expect(of + "1 beside NaN", std::isfinite(curve.y(0, 2)) && std::isfinite(curve.slope(0, 2)));
}

template <typename Form>
void test_form() {
  for (const std::int64_t width : {1, 3, 16, 17, 127, 128, 129, 1000}) {
    test_rows<Form, float>(width);
    test_rows<Form, bf16>(width);
  }
  test_grid<Form>();
  test_far_out<Form>();
  test_not_finite<Form>();
}

}  // namespace

void test_gelu() {
  test_form<Exact>();
  test_form<Tanh>();
}

}  // namespace tagformer::test
