// DeBERTa's attention of one head, forward and backward.
#include <algorithm>
#include <limits>
#include <optional>

#include "test/attention_calls.h"
#include "test/check.h"
#include "test/finite_differences.h"
#include "test/mask.h"
#include "test/numbers.h"

namespace tagformer::test {
namespace {

constexpr std::uint32_t kFirstRow = 5;
constexpr std::uint32_t kHead = 2;
/// Rows of the position tables that no distance of the sequence has: they must be left alone.
constexpr std::int64_t kUnused = 3;

struct Case {
  std::int64_t queries, keys, head_dim;
  /// Distance of rows beyond the head: the other heads' columns.
  std::int64_t gap;
  double rate;
  /// Distances that have a bucket each, on either side; beyond, four share one.
  std::int64_t exact;
  bool position_keys, position_queries;
};

template <typename T>
std::string name_of_case(const Case& c) {
  return name_of("disentangled attention", format_name<T>(), "queries", c.queries, "keys", c.keys, "head_dim",
                 c.head_dim, "gap", c.gap, "dropout", c.rate, "exact", c.exact, "terms",
                 (c.position_keys ? 1 : 0) + (c.position_queries ? 2 : 0));
}

cpu::Dropout dropout_of(const Case& c) { return c.rate > 0.0 ? dropout_at(c.rate) : cpu::Dropout{}; }

double scale_of(const Case& c) {
  return static_cast<float>(1.0 / std::sqrt(3.0 * static_cast<double>(c.head_dim)));
}

std::int64_t signed_bucket(const Case& c, std::int64_t distance) {
  const std::int64_t far = std::abs(distance);
  const std::int64_t bucket = far <= c.exact ? far : c.exact + (far - c.exact + 3) / 4;
  return distance < 0 ? -bucket : bucket;
}

std::int64_t table_rows(const Case& c) { return 2 * (signed_bucket(c, c.keys - 1) + kUnused) + 1; }

std::int64_t bucket_of(const Case& c, std::int64_t query, std::int64_t key) {
  return signed_bucket(c, key - query) + signed_bucket(c, c.keys - 1) + kUnused;
}

template <typename T>
struct Inputs {
  Matrix<T> q, k, v, grad_out, position_keys, position_queries;
  std::vector<std::int32_t> buckets;
};

template <typename T>
Inputs<T> inputs_of(const Case& c, Random& random) {
  const std::int64_t stride = c.head_dim + c.gap;
  const auto matrix = [&](std::int64_t rows) { return Matrix<T>::input(random, rows, c.head_dim, stride); };
  std::vector<std::int32_t> buckets;
  for (std::int64_t distance = c.keys - 1; distance > -c.keys; --distance) {
    buckets.push_back(static_cast<std::int32_t>(bucket_of(c, distance, 0)));
  }
  return {matrix(c.queries),     matrix(c.keys),        matrix(c.keys), matrix(c.queries),
          matrix(table_rows(c)), matrix(table_rows(c)), buckets};
}

/// Results and gradients in double precision, row by row.
struct Reference {
  Doubles out, log_sum_exp, grad_q, grad_k, grad_v, grad_position_keys, grad_position_queries;
};

template <typename T>
double dot(const Matrix<T>& a, std::int64_t i, const Matrix<T>& b, std::int64_t j) {
  double sum = 0.0;
  for (std::int64_t d = 0; d < a.width(); ++d) sum += a(i, d) * b(j, d);
  return sum;
}

/// to[row] += factor * from[from_row]
template <typename T>
void add_row(Doubles& to, std::int64_t row, double factor, const Matrix<T>& from, std::int64_t from_row) {
  double* const at = to.data() + row * from.width();
  for (std::int64_t d = 0; d < from.width(); ++d) at[d] += factor * from(from_row, d);
}

template <typename T>
double score(const Case& c, const Inputs<T>& in, std::int64_t i, std::int64_t j) {
  double sum = dot(in.q, i, in.k, j);
  if (c.position_keys) sum += dot(in.q, i, in.position_keys, bucket_of(c, i, j));
  if (c.position_queries) sum += dot(in.k, j, in.position_queries, bucket_of(c, i, j));
  return scale_of(c) * sum;
}

/// The probabilities of one query before dropout, and the log-sum-exp of its scores.
template <typename T>
std::pair<Doubles, double> softmax(const Case& c, const Inputs<T>& in, std::int64_t query) {
  Doubles row;
  for (std::int64_t j = 0; j < c.keys; ++j) row.push_back(score(c, in, query, j));
  const double best = *std::ranges::max_element(row);
  double total = 0.0;
  for (double& x : row) total += x = std::exp(x - best);
  for (double& x : row) x /= total;
  return {row, best + std::log(total)};
}

template <typename T>
void add_score_gradients(const Case& c, const Inputs<T>& in, std::int64_t i, std::int64_t j, double grad,
                         Reference& r) {
  const std::int64_t bucket = bucket_of(c, i, j);
  add_row(r.grad_q, i, grad, in.k, j);
  add_row(r.grad_k, j, grad, in.q, i);
  if (c.position_keys) {
    add_row(r.grad_q, i, grad, in.position_keys, bucket);
    add_row(r.grad_position_keys, bucket, grad, in.q, i);
  }
  if (c.position_queries) {
    add_row(r.grad_k, j, grad, in.position_queries, bucket);
    add_row(r.grad_position_queries, bucket, grad, in.k, j);
  }
}

template <typename T>
Reference reference(const Case& c, const Inputs<T>& in) {
  const auto zeros = [&](std::int64_t rows) { return Doubles(static_cast<std::size_t>(rows * c.head_dim)); };
  Reference r{zeros(c.queries),    {}, zeros(c.queries), zeros(c.keys), zeros(c.keys), zeros(table_rows(c)),
              zeros(table_rows(c))};
  const cpu::Dropout dropout = dropout_of(c);
  for (std::int64_t i = 0; i < c.queries; ++i) {
    const auto [probability, log_sum_exp] = softmax(c, in, i);
    r.log_sum_exp.push_back(log_sum_exp);
    Doubles mask;
    Doubles grad;
    double mean_grad = 0.0;
    for (std::int64_t j = 0; j < c.keys; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const auto row = kFirstRow + static_cast<std::uint32_t>(i);
      mask.push_back(dropout.active() ? factor(dropout, kHead, row, j) : 1.0);
      grad.push_back(mask[at] * dot(in.grad_out, i, in.v, j));
      mean_grad += probability[at] * grad[at];
    }
    for (std::int64_t j = 0; j < c.keys; ++j) {
      const auto at = static_cast<std::size_t>(j);
      add_row(r.out, i, probability[at] * mask[at], in.v, j);
      add_row(r.grad_v, j, probability[at] * mask[at], in.grad_out, i);
      add_score_gradients(c, in, i, j, scale_of(c) * probability[at] * (grad[at] - mean_grad), r);
    }
  }
  return r;
}

/// What the kernels give.
template <typename T>
struct Results {
  Matrix<T> out, grad_q, grad_k, grad_v;
  Matrix<float> log_sum_exp, grad_position_keys, grad_position_queries;

  [[nodiscard]] bool kept_inside() const {
    return out.kept_inside() && grad_q.kept_inside() && grad_k.kept_inside() && grad_v.kept_inside() &&
           log_sum_exp.kept_inside() && grad_position_keys.kept_inside() &&
           grad_position_queries.kept_inside();
  }
};

AttentionCase call_of(const Case& c) {
  return {c.queries, c.keys, c.head_dim, c.head_dim + c.gap, scale_of(c), dropout_of(c), kFirstRow, kHead};
}

/// The workspace as it may come: full of what no result may depend on.
Matrix<float> workspace_of(const Case& c) {
  return Matrix<float>::output(1, cpu::disentangled_attention_workspace(c.keys, c.head_dim));
}

/// Sums to which the kernels add, already `before`.
Matrix<float> sums_of(const Case& c, float before) {
  auto sums = Matrix<float>::output(table_rows(c), c.head_dim);
  sums.fill([before] { return before; });
  return sums;
}

template <typename T>
Results<T> run(const Case& c, const Inputs<T>& in, const std::string& name, float sums_before = 0.0F) {
  const std::int64_t stride = c.head_dim + c.gap;
  const auto matrix = [&](std::int64_t rows) { return Matrix<T>::output(rows, c.head_dim, stride); };
  Results<T> r{matrix(c.queries),
               matrix(c.queries),
               matrix(c.keys),
               matrix(c.keys),
               Matrix<float>::output(1, c.queries),
               sums_of(c, sums_before),
               sums_of(c, sums_before)};
  const cpu::DisentangledPart<T> part{
      .position_keys = c.position_keys ? in.position_keys.data() : nullptr,
      .position_queries = c.position_queries ? in.position_queries.data() : nullptr,
      .position_stride = stride,
      .buckets = in.buckets.data()};
  Matrix<float> forward_workspace = workspace_of(c);
  const cpu::AttentionForward<T> forward = forward_call<T>(call_of(c), in, r);
  cpu::typed_kernels<T>().disentangled_attention_forward(forward, part, forward_workspace.data());

  Matrix<float> backward_workspace = workspace_of(c);
  const cpu::AttentionBackward<T> backward = backward_call<T>(call_of(c), in, r);
  cpu::typed_kernels<T>().disentangled_attention_backward(
      backward, part,
      {.position_keys = r.grad_position_keys.data(), .position_queries = r.grad_position_queries.data()},
      backward_workspace.data());
  expect(name + ": workspace is large enough",
         forward_workspace.kept_inside() && backward_workspace.kept_inside());
  return r;
}

template <typename T>
void test_case(const Case& c) {
  Random random(static_cast<std::uint64_t>(c.queries * 1000 + c.keys));
  const Inputs<T> in = inputs_of<T>(c, random);
  const std::string name = name_of_case<T>(c);
  const Results<T> found = run(c, in, name);
  const Reference expected = reference(c, in);
  expect_results<T>(name, found, expected, {.log_sum_exp = 3e-6, .gradients = 5e-6});
  expect_at_most(name + ": grad_position_keys",
                 error_of(found.grad_position_keys, expected.grad_position_keys), 5e-6);
  expect_at_most(name + ": grad_position_queries",
                 error_of(found.grad_position_queries, expected.grad_position_queries), 5e-6);
}

/// The gradients above are formulas; here they are what the forward pass says they are.
void test_finite_differences() {
  const Case c{4, 4, 3, 2, 0.3, 1, true, true};
  Random random(1);
  const Inputs<float> in = inputs_of<float>(c, random);
  const Results<float> found = run(c, in, name_of_case<float>(c));
  const auto loss = [&](const Inputs<float>& inputs) {
    return weighted_sum(reference(c, inputs).out, in.grad_out);
  };
  const auto check = [&](const char* name, Matrix<float> Inputs<float>::* matrix, const Matrix<float>& grad) {
    expect_at_most(name_of("disentangled attention, finite differences:", name),
                   error_of(grad, finite_differences(in, matrix, loss)), 1e-5);
  };
  check("grad_q", &Inputs<float>::q, found.grad_q);
  check("grad_k", &Inputs<float>::k, found.grad_k);
  check("grad_v", &Inputs<float>::v, found.grad_v);
  check("grad_position_keys", &Inputs<float>::position_keys, found.grad_position_keys);
  check("grad_position_queries", &Inputs<float>::position_queries, found.grad_position_queries);
}

/// Position gradients are added to what earlier sequences of the batch left.
void test_sums() {
  const Case c{20, 20, 8, 0, 0.0, 5, true, true};
  Random random(1);
  const Inputs<float> in = inputs_of<float>(c, random);
  const Results<float> found = run(c, in, "disentangled attention", 2.0F);
  Reference expected = reference(c, in);
  for (double& x : expected.grad_position_keys) x += 2.0;
  for (double& x : expected.grad_position_queries) x += 2.0;
  expect_at_most("disentangled attention: adds to the sums of keys",
                 error_of(found.grad_position_keys, expected.grad_position_keys), 1e-5);
  expect_at_most("disentangled attention: adds to the sums of queries",
                 error_of(found.grad_position_queries, expected.grad_position_queries), 1e-5);
}

}  // namespace

void test_disentangled_attention() {
  for (const std::int64_t head_dim : {1, 5, 16, 64}) {
    for (const std::int64_t keys : {1, 2, 17, 31, 32, 33, 64, 65, 130}) {
      for (const double rate : {0.0, 0.3}) {
        test_case<float>({keys, keys, head_dim, 0, rate, 20, true, true});
        test_case<float>({1, keys, head_dim, 3, rate, 1000, true, true});
        test_case<bf16>({keys, keys, head_dim, 7, rate, 3, true, true});
        test_case<bf16>({1, keys, head_dim, 0, rate, 20, true, true});
      }
      test_case<float>({keys, keys, head_dim, 1, 0.1, 1000, true, false});
      test_case<float>({keys, keys, head_dim, 2, 0.1, 20, false, true});
      test_case<float>({keys, keys, head_dim, 0, 0.1, 20, false, false});
    }
  }
  test_case<float>({512, 512, 64, 0, 0.1, 128, true, true});
  test_finite_differences();
  test_sums();
}

}  // namespace tagformer::test
