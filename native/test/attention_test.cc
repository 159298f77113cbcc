// Attention of one head, forward and backward.
#include <initializer_list>
#include <limits>

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
  std::int64_t queries, keys, head_dim;
  /// Distance of rows beyond the head: the other heads' columns.
  std::int64_t gap;
  double rate;
  std::int64_t window = cpu::kEverywhere;
  bool rotary = false;
};

template <typename T>
std::string name_of_case(const Case& c) {
  return name_of("attention", format_name<T>(), "queries", c.queries, "keys", c.keys, "head_dim", c.head_dim,
                 "gap", c.gap, "dropout", c.rate, "window", c.window, "rotary", c.rotary);
}

cpu::Dropout dropout_of(const Case& c) { return c.rate > 0.0 ? dropout_at(c.rate) : cpu::Dropout{}; }

double scale_of(const Case& c) {
  return static_cast<float>(1.0 / std::sqrt(static_cast<double>(c.head_dim)));
}

template <typename T>
struct Inputs {
  Matrix<T> q, k, v, grad_out;
  /// Of the angles by position.
  Matrix<float> cosines, sines;
};

double angle(const Case& c, double position, std::int64_t pair) {
  return position * std::pow(10.0, -2.0 * static_cast<double>(pair) / static_cast<double>(c.head_dim));
}

template <typename T>
Inputs<T> inputs_of(const Case& c, Random& random) {
  const std::int64_t stride = c.head_dim + c.gap;
  const std::int64_t half = std::max<std::int64_t>(c.head_dim / 2, 1);
  Inputs<T> in{Matrix<T>::input(random, c.queries, c.head_dim, stride),
               Matrix<T>::input(random, c.keys, c.head_dim, stride),
               Matrix<T>::input(random, c.keys, c.head_dim, stride),
               Matrix<T>::input(random, c.queries, c.head_dim, stride),
               Matrix<float>::input(random, c.keys, half),
               Matrix<float>::input(random, c.keys, half)};
  for (std::int64_t i = 0; i < c.keys; ++i) {
    for (std::int64_t j = 0; j < half; ++j) {
      const double turn = angle(c, static_cast<double>(i), j);
      in.cosines.at(i, j) = static_cast<float>(std::cos(turn));
      in.sines.at(i, j) = static_cast<float>(std::sin(turn));
    }
  }
  return in;
}

/// Results and gradients in double precision, row by row.
struct Reference {
  Doubles out, log_sum_exp, grad_q, grad_k, grad_v;
};

template <typename T>
double dot(const Matrix<T>& a, std::int64_t i, const Matrix<T>& b, std::int64_t j) {
  double sum = 0.0;
  for (std::int64_t d = 0; d < a.width(); ++d) sum += a(i, d) * b(j, d);
  return sum;
}

/// A row turned by `distance` positions. Rotations only show as the difference of two positions: query i
/// against key j is the query itself against the key turned by j - i, or the query turned by i - j against
/// the key.
template <typename T>
Doubles turned(const Case& c, const Matrix<T>& rows, std::int64_t row, std::int64_t distance) {
  Doubles result(static_cast<std::size_t>(c.head_dim));
  const std::int64_t half = c.head_dim / 2;
  for (std::int64_t d = 0; d < half; ++d) {
    const double turn = angle(c, static_cast<double>(distance), d);
    const double a = rows(row, d);
    const double b = rows(row, d + half);
    result[static_cast<std::size_t>(d)] = a * std::cos(turn) - b * std::sin(turn);
    result[static_cast<std::size_t>(d + half)] = b * std::cos(turn) + a * std::sin(turn);
  }
  return result;
}

template <typename T>
double score(const Case& c, const Inputs<T>& in, std::int64_t query, std::int64_t key) {
  if (std::abs(query - key) > c.window) return -std::numeric_limits<double>::infinity();
  if (!c.rotary) return scale_of(c) * dot(in.q, query, in.k, key);
  const Doubles turned_key = turned(c, in.k, key, key - query);
  double sum = 0.0;
  for (std::int64_t d = 0; d < c.head_dim; ++d)
    sum += in.q(query, d) * turned_key[static_cast<std::size_t>(d)];
  return scale_of(c) * sum;
}

/// to[row] += factor * from[from_row]
template <typename T>
void add_row(Doubles& to, std::int64_t row, double factor, const Matrix<T>& from, std::int64_t from_row) {
  double* const at = to.data() + row * from.width();
  for (std::int64_t d = 0; d < from.width(); ++d) at[d] += factor * from(from_row, d);
}

/// to[row] += factor * (from[from_row], turned by `distance` positions)
template <typename T>
void add_turned(Doubles& to, std::int64_t row, double factor, const Case& c, const Matrix<T>& from,
                std::int64_t from_row, std::int64_t distance) {
  if (!c.rotary) return add_row(to, row, factor, from, from_row);
  const Doubles added = turned(c, from, from_row, distance);
  double* const at = to.data() + row * c.head_dim;
  for (std::int64_t d = 0; d < c.head_dim; ++d) at[d] += factor * added[static_cast<std::size_t>(d)];
}

/// The probabilities of one query before dropout, and the log-sum-exp of its scores.
template <typename T>
std::pair<Doubles, double> softmax(const Case& c, const Inputs<T>& in, std::int64_t query) {
  Doubles row;
  for (std::int64_t j = 0; j < c.keys; ++j) row.push_back(score(c, in, query, j));
  const double best = *std::ranges::max_element(row);
  double total = 0.0;
  for (double& score : row) total += score = std::exp(score - best);
  for (double& score : row) score /= total;
  return {row, best + std::log(total)};
}

template <typename T>
Reference reference(const Case& c, const Inputs<T>& in) {
  const auto of_queries = static_cast<std::size_t>(c.queries * c.head_dim);
  const auto of_keys = static_cast<std::size_t>(c.keys * c.head_dim);
  Reference r{Doubles(of_queries), {}, Doubles(of_queries), Doubles(of_keys), Doubles(of_keys)};
  const cpu::Dropout dropout = dropout_of(c);
  for (std::int64_t i = 0; i < c.queries; ++i) {
    const auto [probability, log_sum_exp] = softmax(c, in, i);
    r.log_sum_exp.push_back(log_sum_exp);
    Doubles mask;
    Doubles grad;
    double mean_grad = 0.0;
    for (std::int64_t j = 0; j < c.keys; ++j) {
      const auto at = static_cast<std::size_t>(j);
      mask.push_back(dropout.active() ? factor(dropout, kHead, kFirstRow + static_cast<std::uint32_t>(i), j)
                                      : 1.0);
      grad.push_back(mask[at] * dot(in.grad_out, i, in.v, j));
      mean_grad += probability[at] * grad[at];
    }
    for (std::int64_t j = 0; j < c.keys; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const double grad_score = scale_of(c) * probability[at] * (grad[at] - mean_grad);
      add_row(r.out, i, probability[at] * mask[at], in.v, j);
      add_row(r.grad_v, j, probability[at] * mask[at], in.grad_out, i);
      if (std::abs(i - j) > c.window) continue;
      add_turned(r.grad_q, i, grad_score, c, in.k, j, j - i);
      add_turned(r.grad_k, j, grad_score, c, in.q, i, i - j);
    }
  }
  return r;
}

/// What the kernels give.
template <typename T>
struct Results {
  Matrix<T> out, grad_q, grad_k, grad_v;
  Matrix<float> log_sum_exp;

  [[nodiscard]] bool kept_inside() const {
    return out.kept_inside() && grad_q.kept_inside() && grad_k.kept_inside() && grad_v.kept_inside() &&
           log_sum_exp.kept_inside();
  }
};

AttentionCase call_of(const Case& c) {
  return {c.queries, c.keys, c.head_dim, c.head_dim + c.gap, scale_of(c), dropout_of(c), kFirstRow, kHead};
}

/// What this attention has beyond the others.
template <typename T>
void add_positions(auto& call, const Case& c, const Inputs<T>& in) {
  call.window = c.window;
  if (c.rotary) call.rotary = {in.cosines.data(), in.sines.data()};
}

/// The workspace as it may come: full of what no result may depend on.
Matrix<float> workspace_of(const Case& c) {
  return Matrix<float>::output(1, cpu::attention_workspace(c.keys, c.head_dim));
}

template <typename T>
Results<T> run(const Case& c, const Inputs<T>& in, const std::string& name) {
  const std::int64_t stride = c.head_dim + c.gap;
  Results<T> r{Matrix<T>::output(c.queries, c.head_dim, stride),
               Matrix<T>::output(c.queries, c.head_dim, stride),
               Matrix<T>::output(c.keys, c.head_dim, stride), Matrix<T>::output(c.keys, c.head_dim, stride),
               Matrix<float>::output(1, c.queries)};
  Matrix<float> forward_workspace = workspace_of(c);
  cpu::AttentionForward<T> forward = forward_call<T>(call_of(c), in, r);
  add_positions(forward, c, in);
  cpu::typed_kernels<T>().attention_forward(forward, forward_workspace.data());

  Matrix<float> backward_workspace = workspace_of(c);
  cpu::AttentionBackward<T> backward = backward_call<T>(call_of(c), in, r);
  add_positions(backward, c, in);
  cpu::typed_kernels<T>().attention_backward(backward, backward_workspace.data());
  expect(name + ": workspace is large enough",
         forward_workspace.kept_inside() && backward_workspace.kept_inside());
  return r;
}

template <typename T>
void test_case(const Case& c) {
  Random random(static_cast<std::uint64_t>(c.queries * 1000 + c.keys));
  const Inputs<T> in = inputs_of<T>(c, random);
  const std::string name = name_of_case<T>(c);
  expect_results<T>(name, run(c, in, name), reference(c, in), {.log_sum_exp = 1e-6, .gradients = 5e-6});
}

/// The gradients above are formulas; here they are what the forward pass says they are.
void test_finite_differences(const Case& c) {
  Random random(1);
  const Inputs<float> in = inputs_of<float>(c, random);
  const Results<float> found = run(c, in, name_of_case<float>(c));
  const auto loss = [&](const Inputs<float>& inputs) {
    return weighted_sum(reference(c, inputs).out, in.grad_out);
  };
  const auto check = [&](const char* name, Matrix<float> Inputs<float>::* matrix, const Matrix<float>& grad) {
    expect_at_most(name_of("attention, finite differences:", name),
                   error_of(grad, finite_differences(in, matrix, loss)), 1e-5);
  };
  check("grad_q", &Inputs<float>::q, found.grad_q);
  check("grad_k", &Inputs<float>::k, found.grad_k);
  check("grad_v", &Inputs<float>::v, found.grad_v);
}

/// Equal scores and one-hot values show the mask itself; each head has its own.
void test_heads() {
  constexpr std::int64_t kKeys = 80;
  const Case c{2, kKeys, kKeys, 0, 0.5};
  Random random(1);
  Inputs<float> in = inputs_of<float>(c, random);
  in.q.fill([] { return 0.0; });
  for (std::int64_t i = 0; i < kKeys; ++i) {
    for (std::int64_t j = 0; j < kKeys; ++j) in.v.at(i, j) = i == j ? 1.0F : 0.0F;
  }
  std::vector<Doubles> masks;
  for (const std::uint32_t head : {0U, 1U}) {
    auto out = Matrix<float>::output(c.queries, kKeys);
    Matrix<float> workspace = workspace_of(c);
    cpu::AttentionForward<float> forward{};
    describe(forward, call_of(c), in);
    forward.window = c.window;
    forward.out = out.data();
    forward.head = head;
    cpu::typed_kernels<float>().attention_forward(forward, workspace.data());
    Doubles mask;
    for (std::int64_t i = 0; i < c.queries; ++i) {
      for (std::int64_t j = 0; j < kKeys; ++j) {
        mask.push_back(factor(forward.dropout, head, kFirstRow + static_cast<std::uint32_t>(i), j) / kKeys);
      }
    }
    expect_at_most(name_of("attention: mask of head", head), error_of(out, mask), 1e-6);
    masks.push_back(mask);
  }
  expect("attention: heads differ in their masks", masks[0] != masks[1]);
}

/// e^x as attention uses it, for x from -87 to 0: scores 0 and x, values 0 and 1, give e^x / (1 + e^x).
void test_exponential() {
  constexpr std::int64_t kQueries = 100'000;
  const Case c{kQueries, 2, 1, 0, 0.0};
  Random random(1);
  Inputs<float> in = inputs_of<float>(c, random);
  double next = 0.0;
  in.q.fill([&next] { return next -= 87.0 / kQueries; });
  double key = 0.0;
  in.k.fill([&key] { return key++; });
  double element = 0.0;
  in.v.fill([&element] { return element++; });
  const Results<float> found = run(c, in, "exponential");
  double worst = 0.0;
  for (std::int64_t i = 0; i < kQueries; ++i) {
    const double e = std::exp(in.q(i, 0));
    const double expected = e / (1.0 + e);
    worst = std::max(worst, std::abs(found.out(i, 0) - expected) / expected);
  }
  expect_at_most("exponential, relative", worst, 4e-7);
}

/// Scores that are not finite must reach the loss, where a training step is refused: no plausible numbers
/// from them.
void test_not_finite() {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const Case c{20, 21, 16, 0, 0.0};
    Random random(1);
    Inputs<float> in = inputs_of<float>(c, random);
    in.q.at(3, 2) = bad;
    const Results<float> found = run(c, in, "attention");
    bool as_expected = true;
    for (std::int64_t i = 0; i < c.queries; ++i)
      as_expected = as_expected && std::isfinite(found.out(i, 0)) == (i != 3);
    expect(name_of("attention: a query of", bad, "spoils its own row and no other"), as_expected);
    expect(name_of("attention: a query of", bad, "reaches the gradients"),
           !std::isfinite(found.grad_k(0, 0)));
  }
}

void test_lengths(std::int64_t head_dim, std::initializer_list<std::int64_t> lengths) {
  for (const std::int64_t length : lengths) {
    for (const double rate : {0.0, 0.3}) {
      test_case<float>({length, length, head_dim, 0, rate});
      test_case<float>({1, length, head_dim, 3, rate});
      test_case<bf16>({length, length, head_dim, 7, rate});
      test_case<bf16>({1, length, head_dim, 0, rate});
    }
  }
}

}  // namespace

void test_attention() {
  for (const std::int64_t head_dim : {1, 5, 16, 32, 64, 80}) {
    test_lengths(head_dim, {1, 2, 15, 16, 17, 31, 32, 33, 127, 128, 129});
    test_case<float>({33, 17, head_dim, 2 * head_dim, 0.1});
    test_case<bf16>({17, 129, head_dim, 2 * head_dim, 0.1});
  }
  test_lengths(64, {512});
  for (const std::int64_t window : {0, 1, 5, 16, 64}) {
    for (const std::int64_t length : {1, 2, 15, 33, 64, 128, 144, 300}) {
      for (const double rate : {0.0, 0.3}) {
        test_case<float>({length, length, 6, 0, rate, window, true});
        test_case<bf16>({length, length, 34, 5, rate, window, false});
        test_case<float>({1, length, 16, 3, rate, window, true});
      }
    }
  }
  for (const std::int64_t head_dim : {2, 10, 32, 64, 80}) {
    test_case<float>({70, 70, head_dim, 2 * head_dim, 0.1, cpu::kEverywhere, true});
    test_case<bf16>({70, 70, head_dim, 2 * head_dim, 0.1, cpu::kEverywhere, true});
  }
  test_finite_differences({3, 5, 4, 2, 0.3});
  test_finite_differences({5, 5, 4, 2, 0.3, 1, true});
  test_heads();
  test_exponential();
  test_not_finite();
}

}  // namespace tagformer::test
