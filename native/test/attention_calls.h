// The calls of an attention kernel, but for what each kind of attention adds.
#pragma once

#include <string>

#include "test/check.h"
#include "test/numbers.h"

namespace tagformer::test {

/// One head of one sequence.
struct AttentionCase {
  std::int64_t queries, keys, head_dim, stride;
  double scale;
  cpu::Dropout dropout;
  std::uint32_t first_row, head;
};

void describe(auto& call, const AttentionCase& c, const auto& in) {
  call.q = in.q.data();
  call.k = in.k.data();
  call.v = in.v.data();
  call.q_stride = call.kv_stride = call.out_stride = c.stride;
  call.queries = c.queries;
  call.keys = c.keys;
  call.head_dim = c.head_dim;
  call.scale = static_cast<float>(c.scale);
  call.dropout = c.dropout;
  call.first_row = c.first_row;
  call.head = c.head;
}

/// Forward, from `in` to `results`.
template <typename T>
cpu::AttentionForward<T> forward_call(const AttentionCase& c, const auto& in, auto& results) {
  cpu::AttentionForward<T> call{};
  describe(call, c, in);
  call.out = results.out.data();
  call.log_sum_exp = results.log_sum_exp.data();
  return call;
}

/// Backward, after the forward call has filled its part of `results`.
template <typename T>
cpu::AttentionBackward<T> backward_call(const AttentionCase& c, const auto& in, auto& results) {
  cpu::AttentionBackward<T> call{};
  describe(call, c, in);
  call.grad_out = in.grad_out.data();
  call.log_sum_exp = results.log_sum_exp.data();
  call.grad_q = results.grad_q.data();
  call.grad_k = results.grad_k.data();
  call.grad_v = results.grad_v.data();
  return call;
}

/// The largest errors of a kernel, of its arithmetic in float; see error_of() for `magnitude`.
struct AttentionBounds {
  double log_sum_exp, gradients;
  double magnitude = 0.01;
};

template <typename T>
void expect_results(const std::string& name, const auto& found, const auto& expected,
                    const AttentionBounds& bounds) {
  expect_at_most(name + ": out", error_of(found.out, expected.out), bound<T>(1e-5));
  expect_at_most(name + ": log_sum_exp", error_of(found.log_sum_exp, expected.log_sum_exp),
                 bounds.log_sum_exp);
  const auto check = [&](const char* gradient, const Matrix<T>& grad, const Doubles& wanted) {
    expect_at_most(name + gradient, error_of(grad, wanted, bounds.magnitude), bound<T>(bounds.gradients));
  };
  check(": grad_q", found.grad_q, expected.grad_q);
  check(": grad_k", found.grad_k, expected.grad_k);
  check(": grad_v", found.grad_v, expected.grad_v);
  expect(name + ": kept inside", found.kept_inside());
}

}  // namespace tagformer::test
