// XLNet's relative attention of one head, forward and backward.
#include <algorithm>

#include "test/attention_calls.h"
#include "test/check.h"
#include "test/finite_differences.h"
#include "test/mask.h"
#include "test/numbers.h"

namespace tagformer::test {
namespace {

constexpr std::uint32_t kFirstRow = 7;
constexpr std::uint32_t kHead = 3;

struct Case {
  /// All tokens ask, or the last alone.
  bool last_only;
  std::int64_t keys, head_dim;
  /// Distance of rows beyond the head: the other heads' columns.
  std::int64_t gap;
  double rate;
  /// Whether tokens have segments.
  bool types;

  [[nodiscard]] std::int64_t queries() const { return last_only ? 1 : keys; }
  [[nodiscard]] std::int64_t stride() const { return head_dim + gap; }
  [[nodiscard]] std::int64_t distances() const { return 2 * keys - 1; }
  /// Place of a query among the tokens.
  [[nodiscard]] std::int64_t token(std::int64_t query) const { return last_only ? keys - 1 : query; }
  [[nodiscard]] double scale() const {
    return static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_dim)));
  }
  [[nodiscard]] cpu::Dropout dropout() const { return rate > 0.0 ? dropout_at(rate) : cpu::Dropout{}; }
};

template <typename T>
std::string name_of_case(const Case& c) {
  return name_of("relative attention", format_name<T>(), c.last_only ? "last of" : "all of", c.keys,
                 "head_dim", c.head_dim, "gap", c.gap, "dropout", c.rate, "segments", c.types);
}

template <typename T>
struct Inputs {
  Matrix<T> q, k, v, grad_out, positions;
  /// Rows of content, position and segment bias; same and other segment.
  Matrix<float> biases, segments;
  std::vector<std::int64_t> types;
};

template <typename T>
Inputs<T> inputs_of(const Case& c, Random& random) {
  const auto rows = [&](std::int64_t count) {
    return Matrix<T>::input(random, count, c.head_dim, c.stride());
  };
  std::vector<std::int64_t> types;
  types.reserve(static_cast<std::size_t>(c.keys));
  for (std::int64_t j = 0; j < c.keys; ++j) types.push_back(random.normal() > 0.5 ? 1 : 0);
  return {rows(c.queries()),
          rows(c.keys),
          rows(c.keys),
          rows(c.queries()),
          rows(c.distances()),
          Matrix<float>::input(random, 3, c.head_dim),
          Matrix<float>::input(random, 2, c.head_dim),
          types};
}

/// Results and gradients in double precision, row by row.
struct Reference {
  Doubles out, log_sum_exp, grad_q, grad_k, grad_v, grad_positions, grad_biases, grad_segments;
};

/// What a pair of tokens adds to its score besides the content: which rows of positions and segments.
struct Pair {
  std::int64_t position, segment;
};

template <typename T>
Pair pair_of(const Case& c, const Inputs<T>& in, std::int64_t query, std::int64_t key) {
  const std::int64_t token = c.token(query);
  const auto type = [&](std::int64_t i) { return in.types[static_cast<std::size_t>(i)]; };
  return {c.keys - 1 - (token - key), type(token) == type(key) ? 0 : 1};
}

template <typename T>
double score(const Case& c, const Inputs<T>& in, std::int64_t query, std::int64_t key) {
  const Pair pair = pair_of(c, in, query, key);
  double sum = 0.0;
  for (std::int64_t d = 0; d < c.head_dim; ++d) {
    sum += (in.q(query, d) + in.biases(0, d)) * in.k(key, d);
    sum += (in.q(query, d) + in.biases(1, d)) * in.positions(pair.position, d);
    if (c.types) sum += (in.q(query, d) + in.biases(2, d)) * in.segments(pair.segment, d);
  }
  return c.scale() * sum;
}

/// Adds what the gradient of one score gives to all that is in it.
template <typename T>
void add_score_gradients(const Case& c, const Inputs<T>& in, std::int64_t query, std::int64_t key,
                         double grad, Reference& r) {
  const Pair pair = pair_of(c, in, query, key);
  const auto at = [&](Doubles& matrix, std::int64_t row, std::int64_t d) -> double& {
    return matrix[static_cast<std::size_t>(row * c.head_dim + d)];
  };
  for (std::int64_t d = 0; d < c.head_dim; ++d) {
    const double terms[] = {in.k(key, d), in.positions(pair.position, d),
                            c.types ? in.segments(pair.segment, d) : 0.0};
    for (std::int64_t term = 0; term < 3; ++term) {
      at(r.grad_q, query, d) += grad * terms[term];
      at(r.grad_biases, term, d) += grad * terms[term];
    }
    at(r.grad_k, key, d) += grad * (in.q(query, d) + in.biases(0, d));
    at(r.grad_positions, pair.position, d) += grad * (in.q(query, d) + in.biases(1, d));
    if (c.types) at(r.grad_segments, pair.segment, d) += grad * (in.q(query, d) + in.biases(2, d));
  }
}

template <typename T>
Reference reference(const Case& c, const Inputs<T>& in) {
  const auto matrix = [&](std::int64_t rows, double element = 0.0) {
    return Doubles(static_cast<std::size_t>(rows * c.head_dim), element);
  };
  // What is summed over sequences begins with 1, to which the kernel must add.
  Reference r{matrix(c.queries()), {},
              matrix(c.queries()), matrix(c.keys),
              matrix(c.keys),      matrix(c.distances(), 1.0),
              matrix(3, 1.0),      matrix(2, 1.0)};
  const cpu::Dropout dropout = c.dropout();
  for (std::int64_t i = 0; i < c.queries(); ++i) {
    Doubles probability;
    for (std::int64_t j = 0; j < c.keys; ++j) probability.push_back(score(c, in, i, j));
    const double best = *std::ranges::max_element(probability);
    double total = 0.0;
    for (double& p : probability) total += p = std::exp(p - best);
    for (double& p : probability) p /= total;
    r.log_sum_exp.push_back(best + std::log(total));
    Doubles mask;
    Doubles grad;
    double mean_grad = 0.0;
    for (std::int64_t j = 0; j < c.keys; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const auto row = kFirstRow + static_cast<std::uint32_t>(i);
      mask.push_back(dropout.active() ? factor(dropout, kHead, row, j) : 1.0);
      double dot = 0.0;
      for (std::int64_t d = 0; d < c.head_dim; ++d) dot += in.grad_out(i, d) * in.v(j, d);
      grad.push_back(mask[at] * dot);
      mean_grad += probability[at] * grad[at];
    }
    for (std::int64_t j = 0; j < c.keys; ++j) {
      const auto at = static_cast<std::size_t>(j);
      for (std::int64_t d = 0; d < c.head_dim; ++d) {
        r.out[static_cast<std::size_t>(i * c.head_dim + d)] += probability[at] * mask[at] * in.v(j, d);
        r.grad_v[static_cast<std::size_t>(j * c.head_dim + d)] +=
            probability[at] * mask[at] * in.grad_out(i, d);
      }
      add_score_gradients(c, in, i, j, c.scale() * probability[at] * (grad[at] - mean_grad), r);
    }
  }
  return r;
}

/// What the kernels give.
template <typename T>
struct Results {
  Matrix<T> out, grad_q, grad_k, grad_v;
  Matrix<float> log_sum_exp, grad_positions, grad_biases, grad_segments;

  [[nodiscard]] bool kept_inside() const {
    return out.kept_inside() && grad_q.kept_inside() && grad_k.kept_inside() && grad_v.kept_inside() &&
           log_sum_exp.kept_inside() && grad_positions.kept_inside() && grad_biases.kept_inside() &&
           grad_segments.kept_inside();
  }
};

AttentionCase call_of(const Case& c) {
  return {c.queries(), c.keys, c.head_dim, c.stride(), c.scale(), c.dropout(), kFirstRow, kHead};
}

template <typename T>
Results<T> run(const Case& c, const Inputs<T>& in, const std::string& name) {
  const auto output = [&](std::int64_t rows) { return Matrix<T>::output(rows, c.head_dim, c.stride()); };
  const auto sums = [&](std::int64_t rows) {
    auto matrix = Matrix<float>::output(rows, c.head_dim);
    matrix.fill([] { return 1.0; });
    return matrix;
  };
  Results<T> r{output(c.queries()),
               output(c.queries()),
               output(c.keys),
               output(c.keys),
               Matrix<float>::output(1, c.queries()),
               sums(c.distances()),
               sums(3),
               sums(2)};
  const cpu::RelativePart<T> part{.positions = in.positions.data(),
                                  .position_stride = c.stride(),
                                  .content_bias = in.biases.data(),
                                  .position_bias = in.biases.data() + c.head_dim,
                                  .segment_bias = in.biases.data() + 2 * c.head_dim,
                                  .segments = {in.segments.data(), in.segments.data() + c.head_dim},
                                  .types = c.types ? in.types.data() : nullptr,
                                  .first_query = c.token(0)};
  const auto workspace_of = [&] {
    return Matrix<float>::output(1, cpu::relative_attention_workspace(c.keys, c.head_dim));
  };
  Matrix<float> forward_workspace = workspace_of();
  const cpu::AttentionForward<T> forward = forward_call<T>(call_of(c), in, r);
  cpu::typed_kernels<T>().relative_attention_forward(forward, part, forward_workspace.data());

  Matrix<float> backward_workspace = workspace_of();
  const cpu::AttentionBackward<T> backward = backward_call<T>(call_of(c), in, r);
  float* const biases = r.grad_biases.data();
  float* const segments = r.grad_segments.data();
  cpu::typed_kernels<T>().relative_attention_backward(backward, part,
                                                      {.positions = r.grad_positions.data(),
                                                       .content_bias = biases,
                                                       .position_bias = biases + c.head_dim,
                                                       .segment_bias = biases + 2 * c.head_dim,
                                                       .segments = {segments, segments + c.head_dim}},
                                                      backward_workspace.data());
  expect(name + ": workspace is large enough",
         forward_workspace.kept_inside() && backward_workspace.kept_inside());
  return r;
}

template <typename T>
void test_case(const Case& c) {
  Random random(static_cast<std::uint64_t>(c.keys * 100 + c.head_dim));
  const Inputs<T> in = inputs_of<T>(c, random);
  const std::string name = name_of_case<T>(c);
  const Results<T> found = run(c, in, name);
  const Reference expected = reference(c, in);
  // Scores are sums of three products: larger than plain attention's, and so is what their rounding costs.
  // One probability is often nearly 1, and gradients are small differences of numbers of this size.
  constexpr double kMagnitude = 1.0;
  expect_results<T>(name, found, expected, {.log_sum_exp = 5e-6, .gradients = 1e-5, .magnitude = kMagnitude});
  expect_at_most(name + ": grad_positions",
                 error_of(found.grad_positions, expected.grad_positions, kMagnitude), 1e-5);
  expect_at_most(name + ": grad_biases", error_of(found.grad_biases, expected.grad_biases, kMagnitude), 1e-5);
  expect_at_most(name + ": grad_segments", error_of(found.grad_segments, expected.grad_segments, kMagnitude),
                 1e-5);
}

/// The gradients above are formulas; here they are what the forward pass says they are.
void test_finite_differences() {
  const Case c{false, 5, 4, 2, 0.3, true};
  Random random(1);
  const Inputs<float> in = inputs_of<float>(c, random);
  const Results<float> found = run(c, in, name_of_case<float>(c));
  const auto loss = [&](const Inputs<float>& inputs) {
    return weighted_sum(reference(c, inputs).out, in.grad_out);
  };
  const auto check = [&](const char* name, Matrix<float> Inputs<float>::* matrix, const Matrix<float>& grad,
                         double start) {
    expect_at_most(name_of("relative attention, finite differences:", name),
                   error_of(grad, finite_differences(in, matrix, loss, start)), 1e-5);
  };
  check("grad_q", &Inputs<float>::q, found.grad_q, 0.0);
  check("grad_k", &Inputs<float>::k, found.grad_k, 0.0);
  check("grad_v", &Inputs<float>::v, found.grad_v, 0.0);
  check("grad_positions", &Inputs<float>::positions, found.grad_positions, 1.0);
  check("grad_biases", &Inputs<float>::biases, found.grad_biases, 1.0);
  check("grad_segments", &Inputs<float>::segments, found.grad_segments, 1.0);
}

}  // namespace

void test_relative_attention() {
  for (const std::int64_t head_dim : {1, 5, 16, 64}) {
    for (const std::int64_t keys : {1, 2, 15, 16, 17, 32, 33, 127, 129}) {
      for (const bool last_only : {false, true}) {
        test_case<float>({last_only, keys, head_dim, 0, 0.0, keys % 2 == 0});
        test_case<float>({last_only, keys, head_dim, 3, 0.3, true});
        test_case<bf16>({last_only, keys, head_dim, 7, 0.3, keys % 2 == 1});
      }
    }
  }
  test_finite_differences();
}

}  // namespace tagformer::test
