// Numbers and matrices of the tests: both formats, seeded values, and memory that shows what was written.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

#include "kernels/cpu/kernels.h"

namespace tagformer::test {

using cpu::bf16;

inline double value(float x) { return x; }
inline double value(bf16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16); }

/// The nearest bf16 number, ties to even, found by comparing distances.
inline bf16 nearest_bf16(float x) {
  const auto below = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(x) >> 16);
  if (std::isnan(x)) return {static_cast<std::uint16_t>(below | 0x40U)};
  const auto above = static_cast<std::uint16_t>(below + 1);
  // The number after the largest finite one counts as 2^128, where rounding to infinity begins halfway.
  const double end = std::isinf(value(bf16{above})) ? std::copysign(0x1p128, x) : value(bf16{above});
  if (std::isinf(x)) return {below};
  const double down = std::abs(x - value(bf16{below}));
  const double up = std::abs(end - x);
  return {down < up || (down == up && below % 2 == 0) ? below : above};
}

template <typename T>
T rounded(double x) {
  if constexpr (std::is_same_v<T, bf16>) {
    return nearest_bf16(static_cast<float>(x));
  } else {
    return static_cast<T>(x);
  }
}

template <typename T>
constexpr const char* format_name() {
  return std::is_same_v<T, bf16> ? "bf16" : "float";
}

/// What one rounding to bf16 costs, relative: half a unit in the last of its 8 digits.
constexpr double kBf16Rounding = 0x1p-8;

/// The error allowed to a result in format T whose float arithmetic may err by `in_float`.
template <typename T>
constexpr double bound(double in_float) {
  return std::is_same_v<T, bf16> ? kBf16Rounding + in_float : in_float;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double normal() { return normal_(engine_); }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
};

/// rows x width elements, rows `stride` apart. Everything else, margins and gaps between rows, holds a NaN of
/// its own: read by mistake, it spoils the result; written by mistake, it is gone.
template <typename T>
class Matrix {
 public:
  /// For results: with margins around.
  static Matrix output(std::int64_t rows, std::int64_t width, std::int64_t stride) {
    return {rows, width, stride, 64};
  }
  static Matrix output(std::int64_t rows, std::int64_t width) { return output(rows, width, width); }

  /// For arguments: memory that ends with the last element, so that a sanitizer sees reads beyond it.
  static Matrix input(Random& random, std::int64_t rows, std::int64_t width, std::int64_t stride) {
    Matrix matrix(rows, width, stride, 0);
    matrix.fill([&random] { return random.normal(); });
    return matrix;
  }
  static Matrix input(Random& random, std::int64_t rows, std::int64_t width) {
    return input(random, rows, width, width);
  }

  template <typename Values>
  void fill(Values next) {
    for (std::int64_t i = 0; i < rows_; ++i) {
      for (std::int64_t j = 0; j < width_; ++j) at(i, j) = rounded<T>(next());
    }
  }

  [[nodiscard]] T* data() { return memory_.data() + margin_; }
  [[nodiscard]] const T* data() const { return memory_.data() + margin_; }
  [[nodiscard]] T& at(std::int64_t i, std::int64_t j) { return data()[i * stride_ + j]; }
  [[nodiscard]] double operator()(std::int64_t i, std::int64_t j) const {
    return value(data()[i * stride_ + j]);
  }

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t width() const { return width_; }
  [[nodiscard]] std::int64_t stride() const { return stride_; }

  /// True when nothing but the elements was written.
  [[nodiscard]] bool kept_inside() const {
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(memory_.size()); ++i) {
      const std::int64_t from_first = i - margin_;
      const bool element = from_first >= 0 && from_first / stride_ < rows_ && from_first % stride_ < width_;
      if (!element && !is_unwritten(memory_[static_cast<std::size_t>(i)])) return false;
    }
    return true;
  }

 private:
  Matrix(std::int64_t rows, std::int64_t width, std::int64_t stride, std::int64_t margin)
      : rows_(rows),
        width_(width),
        stride_(stride),
        margin_(margin),
        memory_(static_cast<std::size_t>((rows - 1) * stride + width + 2 * margin), unwritten()) {}

  static T unwritten() {
    if constexpr (std::is_same_v<T, bf16>) {
      return {0x7FCE};
    } else {
      return std::bit_cast<float>(0x7FC0BEEFU);
    }
  }
  static bool is_unwritten(T x) {
    if constexpr (std::is_same_v<T, bf16>) {
      return x.bits == unwritten().bits;
    } else {
      return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(unwritten());
    }
  }

  std::int64_t rows_, width_, stride_, margin_;
  std::vector<T> memory_;
};

/// Numbers in double precision, row by row.
using Doubles = std::vector<double>;

/// Largest difference over the largest magnitude, which is that of `expected` or `magnitude`; NaN when any is
/// NaN.
template <typename T>
double error_of(const Matrix<T>& found, const Doubles& expected, double magnitude = 0.01) {
  double largest = magnitude;
  double error = 0.0;
  for (std::int64_t i = 0; i < found.rows(); ++i) {
    for (std::int64_t j = 0; j < found.width(); ++j) {
      const double wanted = expected[static_cast<std::size_t>(i * found.width() + j)];
      const double difference = std::abs(found(i, j) - wanted);
      largest = std::max(largest, std::abs(wanted));
      if (!(difference <= error)) error = difference;
      if (std::isnan(error)) return error;
    }
  }
  return error / largest;
}

}  // namespace tagformer::test
