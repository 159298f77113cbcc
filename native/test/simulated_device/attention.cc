// Fused attention, which the CPU has not: CUDA's operators with the arguments that they take, in libtorch's
// operations. What calls them can so be tried without a GPU; of CUDA's kernels it proves nothing.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorIndexing.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/bernoulli.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <torch/library.h>

#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <tuple>

#include "simulated_device/random.h"

namespace {

using at::indexing::Slice;

struct Settings {
  double dropout;
  double scale;
  std::optional<std::int64_t> left, right;
};

/// body(queries of a text, its keys), each a range of rows.
void for_texts(const at::Tensor& boundaries_q, const at::Tensor& boundaries_k,
               const std::function<void(Slice, Slice)>& body) {
  const auto* const q = boundaries_q.const_data_ptr<std::int32_t>();
  const auto* const k = boundaries_k.const_data_ptr<std::int32_t>();
  for (std::int64_t i = 0; i + 1 < boundaries_q.size(0); ++i) {
    body(Slice(q[i], q[i + 1]), Slice(k[i], k[i + 1]));
  }
}

/// Rows of one text by head in fp32, `[heads, rows, head_dim]`.
at::Tensor rows_of(const at::Tensor& x, const Slice& rows) {
  return x.index({rows}).transpose(0, 1).to(at::kFloat);
}

/// Log of the softmax's factors, `[heads, queries, keys]`: what is outside of the window is minus infinity.
at::Tensor scores_of(const at::Tensor& q, const at::Tensor& k, const Settings& settings) {
  at::Tensor scores = at::matmul(q, k.transpose(1, 2)).mul(settings.scale);
  // As in the kernels, the last query stands beside the last key.
  const std::int64_t shift = k.size(1) - q.size(1);
  const at::Tensor query = at::ones_like(scores).cumsum(1).sub(1).add(shift);
  const at::Tensor key = at::ones_like(scores).cumsum(2).sub(1);
  if (settings.left) scores.masked_fill_(key.lt(query.sub(*settings.left)), -INFINITY);
  if (settings.right) scores.masked_fill_(key.gt(query.add(*settings.right)), -INFINITY);
  return scores;
}

/// 0 where an element is dropped, else what keeps the mean.
at::Tensor mask_like(const at::Tensor& x, double dropout, at::Generator& generator) {
  if (dropout <= 0.0) return at::ones_like(x);
  return at::bernoulli(at::full(x.sizes(), 1.0 - dropout, x.options()), generator).div(1.0 - dropout);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> forward(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
    const std::optional<at::Tensor>& boundaries_q, const std::optional<at::Tensor>& boundaries_k,
    c10::SymInt longest_q, c10::SymInt longest_k, double dropout, bool is_causal, bool,
    std::optional<double> scale, std::optional<c10::SymInt> left, std::optional<c10::SymInt> right,
    const std::optional<at::Tensor>&, const std::optional<at::Tensor>&, const std::optional<at::Tensor>&,
    std::optional<std::int64_t>) {
  TORCH_CHECK(!is_causal && boundaries_q && boundaries_k && scale, "expected ragged batches and a scale");
  TORCH_CHECK(q.dim() == 3 && k.sizes() == v.sizes() && q.stride(2) == 1, "expected rows by heads");
  TORCH_CHECK(boundaries_q->scalar_type() == at::kInt && boundaries_k->scalar_type() == at::kInt);
  Settings settings{dropout, *scale, std::nullopt, std::nullopt};
  if (left) settings.left = left->expect_int();
  if (right) settings.right = right->expect_int();
  at::Generator shared = simulated::inner_generator(std::nullopt);
  const at::Tensor seed = at::zeros({}, at::kLong).random_(shared);
  at::Generator generator =
      at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed.item<std::int64_t>()));
  at::Tensor out = at::empty_like(q, at::MemoryFormat::Contiguous);
  at::Tensor sums = at::zeros({q.size(1), q.size(0)}, at::kFloat);
  for_texts(*boundaries_q, *boundaries_k, [&](const Slice& queries, const Slice& keys) {
    TORCH_CHECK(queries.stop() - queries.start() <= longest_q && keys.stop() - keys.start() <= longest_k,
                "a text is longer than the longest");
    const at::Tensor scores = scores_of(rows_of(q, queries), rows_of(k, keys), settings);
    const at::Tensor kept = at::softmax(scores, -1).mul(mask_like(scores, dropout, generator));
    out.index_put_({queries}, at::matmul(kept, rows_of(v, keys)).transpose(0, 1).to(q.scalar_type()));
    sums.index_put_({Slice(), queries}, at::logsumexp(scores, -1));
  });
  return {out, sums, seed, at::zeros({}, at::kLong), at::Tensor()};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(
    const at::Tensor& grad, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor&,
    const at::Tensor& sums, const at::Tensor& boundaries_q, const at::Tensor& boundaries_k, c10::SymInt,
    c10::SymInt, double dropout, bool, const at::Tensor& seed, const at::Tensor&, std::optional<double> scale,
    std::optional<c10::SymInt> left, std::optional<c10::SymInt> right) {
  Settings settings{dropout, *scale, std::nullopt, std::nullopt};
  if (left) settings.left = left->expect_int();
  if (right) settings.right = right->expect_int();
  at::Generator generator =
      at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed.item<std::int64_t>()));
  // As the kernels do, gradients of rows that are in no text are left as they are found.
  at::Tensor grad_q = at::full_like(q, NAN);
  at::Tensor grad_k = at::full_like(k, NAN);
  at::Tensor grad_v = at::full_like(v, NAN);
  const auto put = [](at::Tensor& to, const Slice& rows, const at::Tensor& x) {
    to.index_put_({rows}, x.transpose(0, 1).to(to.scalar_type()));
  };
  for_texts(boundaries_q, boundaries_k, [&](const Slice& queries, const Slice& keys) {
    const at::Tensor text_q = rows_of(q, queries);
    const at::Tensor text_k = rows_of(k, keys);
    const at::Tensor grad_out = rows_of(grad, queries);
    const at::Tensor scores = scores_of(text_q, text_k, settings);
    const at::Tensor shares = scores.sub(sums.index({Slice(), queries}).unsqueeze(-1)).exp();
    const at::Tensor mask = mask_like(scores, dropout, generator);
    put(grad_v, keys, at::matmul(shares.mul(mask).transpose(1, 2), grad_out));
    const at::Tensor grad_shares = at::matmul(grad_out, rows_of(v, keys).transpose(1, 2)).mul(mask);
    const at::Tensor mean = grad_shares.mul(shares).sum(-1, /*keepdim=*/true);
    const at::Tensor grad_scores = grad_shares.sub(mean).mul(shares).mul(settings.scale);
    put(grad_q, queries, at::matmul(grad_scores, text_k));
    put(grad_k, keys, at::matmul(grad_scores.transpose(1, 2), text_q));
  });
  return {grad_q, grad_k, grad_v};
}

/// Attention of a dense batch by head, `[texts, heads, rows, head_dim]`, with what is added to the scores.
double factor(const at::Tensor& q, std::optional<double> scale) {
  return scale.value_or(1.0 / std::sqrt(static_cast<double>(q.size(-1))));
}

at::Tensor efficient_scores(const at::Tensor& q, const at::Tensor& k, const std::optional<at::Tensor>& bias,
                            std::optional<double> scale) {
  const at::Tensor scores =
      at::matmul(q.to(at::kFloat), k.to(at::kFloat).transpose(-2, -1)).mul(factor(q, scale));
  return bias && bias->defined() ? scores.add(bias->to(at::kFloat)) : scores;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> efficient_forward(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::optional<at::Tensor>& bias,
    bool, double dropout, bool, std::optional<double> scale) {
  const at::Tensor seed = at::zeros({}, at::kLong).random_(simulated::inner_generator(std::nullopt));
  at::Generator generator =
      at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed.item<std::int64_t>()));
  const at::Tensor scores = efficient_scores(q, k, bias, scale);
  const at::Tensor kept = at::softmax(scores, -1).mul(mask_like(scores, dropout, generator));
  const at::Tensor out = at::matmul(kept, v.to(at::kFloat)).to(q.scalar_type());
  return {out, at::logsumexp(scores, -1), seed, at::zeros({}, at::kLong)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> efficient_backward(
    const at::Tensor& grad, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
    const at::Tensor& bias, const at::Tensor&, const at::Tensor& sums, const at::Tensor& seed,
    const at::Tensor&, double dropout, std::array<bool, 4>, bool, std::optional<double> scale) {
  at::Generator generator =
      at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed.item<std::int64_t>()));
  const at::Tensor scores = efficient_scores(q, k, bias, scale);
  const at::Tensor shares = scores.sub(sums.unsqueeze(-1)).exp();
  const at::Tensor mask = mask_like(scores, dropout, generator);
  const at::Tensor grad_out = grad.to(at::kFloat);
  const at::Tensor grad_v = at::matmul(shares.mul(mask).transpose(-2, -1), grad_out);
  const at::Tensor grad_shares = at::matmul(grad_out, v.to(at::kFloat).transpose(-2, -1)).mul(mask);
  const at::Tensor mean = grad_shares.mul(shares).sum(-1, /*keepdim=*/true);
  const at::Tensor grad_scores = grad_shares.sub(mean).mul(shares).mul(factor(q, scale));
  return {at::matmul(grad_scores, k.to(at::kFloat)).to(q.scalar_type()),
          at::matmul(grad_scores.transpose(-2, -1), q.to(at::kFloat)).to(k.scalar_type()),
          grad_v.to(v.scalar_type()), at::Tensor()};
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, CPU, library) {
  library.impl("_flash_attention_forward", &forward);
  library.impl("_flash_attention_backward", &backward);
  library.impl("_scaled_dot_product_efficient_attention", &efficient_forward);
  library.impl("_scaled_dot_product_efficient_attention_backward", &efficient_backward);
}
