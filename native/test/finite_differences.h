// Gradients as differences of a loss.
#pragma once

#include "test/numbers.h"

namespace tagformer::test {

/// A loss whose gradient with respect to `values` is `gradient`.
inline double weighted_sum(const Doubles& values, const Matrix<float>& gradient) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < gradient.rows(); ++i) {
    for (std::int64_t j = 0; j < gradient.width(); ++j) {
      sum += values[static_cast<std::size_t>(i * gradient.width() + j)] * gradient(i, j);
    }
  }
  return sum;
}

/// The gradient of `loss` with respect to one matrix of its inputs, each element plus `start`: what a kernel
/// that adds to its results gives.
template <typename Inputs, typename Loss>
Doubles finite_differences(const Inputs& in, Matrix<float> Inputs::* matrix, const Loss& loss,
                           double start = 0.0) {
  Doubles gradient;
  for (std::int64_t i = 0; i < (in.*matrix).rows(); ++i) {
    for (std::int64_t j = 0; j < (in.*matrix).width(); ++j) {
      Inputs more = in;
      Inputs less = in;
      (more.*matrix).at(i, j) += 0x1p-10F;
      (less.*matrix).at(i, j) -= 0x1p-10F;
      const double step = (more.*matrix)(i, j) - (less.*matrix)(i, j);
      gradient.push_back(start + (loss(more) - loss(less)) / step);
    }
  }
  return gradient;
}

}  // namespace tagformer::test
