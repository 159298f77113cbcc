// Fused attention, which the CPU has not: CUDA's operators with the arguments that they take, in libtorch's
// operations. What calls them can so be tried without a GPU; of CUDA's kernels it proves nothing.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorIndexing.h>
#include <ATen/TensorOperators.h>
#include <ATen/native/transformers/attention.h>
#include <ATen/ops/bernoulli.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/library.h>

#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <tuple>

#include "simulated_device/random.h"

namespace {

using at::indexing::Slice;

/// Query, key and value by head, `[..., heads, rows, head_dim]`, in fp32; or their gradients.
struct Heads {
  at::Tensor q, k, v;
};

/// What is done with the scores.
struct Settings {
  double scale;
  double dropout;
  /// Added to them, where defined.
  at::Tensor bias;
};

/// The state of the generator when the masks of one call began to be drawn: the backward pass draws them
/// again.
at::Tensor draw_seed() { return at::zeros({}, at::kLong).random_(simulated::inner_generator(std::nullopt)); }

at::Generator seeded(const at::Tensor& seed) {
  return at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed.item<std::int64_t>()));
}

/// 0 where an element is dropped, else what keeps the mean.
at::Tensor mask_like(const at::Tensor& x, double dropout, at::Generator& generator) {
  if (dropout <= 0.0) return at::ones_like(x);
  return at::bernoulli(at::full(x.sizes(), 1.0 - dropout, x.options()), generator).div(1.0 - dropout);
}

at::Tensor scores_of(const Heads& heads, const Settings& settings) {
  const at::Tensor scores = at::matmul(heads.q, heads.k.transpose(-2, -1)).mul(settings.scale);
  return settings.bias.defined() ? scores.add(settings.bias) : scores;
}

/// What is attended to, and the logarithm of each query's sum.
std::pair<at::Tensor, at::Tensor> attend(const Heads& heads, const Settings& settings,
                                         at::Generator& generator) {
  const at::Tensor scores = scores_of(heads, settings);
  const at::Tensor kept = at::softmax(scores, -1).mul(mask_like(scores, settings.dropout, generator));
  return {at::matmul(kept, heads.v), at::logsumexp(scores, -1)};
}

Heads gradients_of(const at::Tensor& grad, const Heads& heads, const at::Tensor& sums,
                   const Settings& settings, at::Generator& generator) {
  const at::Tensor scores = scores_of(heads, settings);
  const at::Tensor shares = scores.sub(sums.unsqueeze(-1)).exp();
  const at::Tensor mask = mask_like(scores, settings.dropout, generator);
  const at::Tensor grad_shares = at::matmul(grad, heads.v.transpose(-2, -1)).mul(mask);
  const at::Tensor mean = grad_shares.mul(shares).sum(-1, /*keepdim=*/true);
  const at::Tensor grad_scores = grad_shares.sub(mean).mul(shares).mul(settings.scale);
  return {at::matmul(grad_scores, heads.k), at::matmul(grad_scores.transpose(-2, -1), heads.q),
          at::matmul(shares.mul(mask).transpose(-2, -1), grad)};
}

/// Texts that stand one after the other, `[rows, heads, head_dim]`.
namespace ragged {

/// body(queries of a text, its keys), each a range of rows.
void for_texts(const at::Tensor& boundaries_q, const at::Tensor& boundaries_k,
               const std::function<void(Slice, Slice)>& body) {
  const auto* const q = boundaries_q.const_data_ptr<std::int32_t>();
  const auto* const k = boundaries_k.const_data_ptr<std::int32_t>();
  for (std::int64_t i = 0; i + 1 < boundaries_q.size(0); ++i) {
    body(Slice(q[i], q[i + 1]), Slice(k[i], k[i + 1]));
  }
}

at::Tensor rows_of(const at::Tensor& x, const Slice& rows) {
  return x.index({rows}).transpose(0, 1).to(at::kFloat);
}

/// Minus infinity for keys outside of each query's window. As in the kernels, the last query stands beside
/// the last key.
at::Tensor window_of(const Heads& heads, const std::optional<c10::SymInt>& left,
                     const std::optional<c10::SymInt>& right) {
  at::Tensor bias = at::zeros({heads.q.size(1), heads.k.size(1)}, at::kFloat);
  const at::Tensor query = at::ones_like(bias).cumsum(0).sub(1).add(heads.k.size(1) - heads.q.size(1));
  const at::Tensor key = at::ones_like(bias).cumsum(1).sub(1);
  if (left) bias.masked_fill_(key.lt(query.sub(left->expect_int())), -INFINITY);
  if (right) bias.masked_fill_(key.gt(query.add(right->expect_int())), -INFINITY);
  return bias;
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
  const at::Tensor seed = draw_seed();
  at::Generator generator = seeded(seed);
  at::Tensor out = at::empty_like(q, at::MemoryFormat::Contiguous);
  at::Tensor sums = at::zeros({q.size(1), q.size(0)}, at::kFloat);
  for_texts(*boundaries_q, *boundaries_k, [&](const Slice& queries, const Slice& keys) {
    TORCH_CHECK(queries.stop() - queries.start() <= longest_q && keys.stop() - keys.start() <= longest_k,
                "a text is longer than the longest");
    const Heads heads{rows_of(q, queries), rows_of(k, keys), rows_of(v, keys)};
    const auto [attended, sum] = attend(heads, {*scale, dropout, window_of(heads, left, right)}, generator);
    out.index_put_({queries}, attended.transpose(0, 1).to(q.scalar_type()));
    sums.index_put_({Slice(), queries}, sum);
  });
  return {out, sums, seed, at::zeros({}, at::kLong), at::Tensor()};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(
    const at::Tensor& grad, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor&,
    const at::Tensor& sums, const at::Tensor& boundaries_q, const at::Tensor& boundaries_k, c10::SymInt,
    c10::SymInt, double dropout, bool, const at::Tensor& seed, const at::Tensor&, std::optional<double> scale,
    std::optional<c10::SymInt> left, std::optional<c10::SymInt> right) {
  at::Generator generator = seeded(seed);
  // As the kernels do, gradients of rows that are in no text are left as they are found.
  const Heads result{at::full_like(q, NAN), at::full_like(k, NAN), at::full_like(v, NAN)};
  const auto put = [](at::Tensor to, const Slice& rows, const at::Tensor& x) {
    to.index_put_({rows}, x.transpose(0, 1).to(to.scalar_type()));
  };
  for_texts(boundaries_q, boundaries_k, [&](const Slice& queries, const Slice& keys) {
    const Heads heads{rows_of(q, queries), rows_of(k, keys), rows_of(v, keys)};
    const Settings settings{*scale, dropout, window_of(heads, left, right)};
    const Heads found =
        gradients_of(rows_of(grad, queries), heads, sums.index({Slice(), queries}), settings, generator);
    put(result.q, queries, found.q);
    put(result.k, keys, found.k);
    put(result.v, keys, found.v);
  });
  return {result.q, result.k, result.v};
}

}  // namespace ragged

/// Texts side by side, `[texts, heads, rows, head_dim]`, with what is added to the scores.
namespace dense {

Settings settings_of(const at::Tensor& q, const at::Tensor& bias, double dropout,
                     std::optional<double> scale) {
  return {scale.value_or(1.0 / std::sqrt(static_cast<double>(q.size(-1)))), dropout,
          bias.defined() ? bias.to(at::kFloat) : bias};
}

Heads widened(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return {q.to(at::kFloat), k.to(at::kFloat), v.to(at::kFloat)};
}

/// In memory the heads of a row stand side by side, as CUDA's kernel leaves them.
at::Tensor given(const at::Tensor& x, at::ScalarType type) {
  return x.transpose(1, 2).to(type).contiguous().transpose(1, 2);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> forward(const at::Tensor& q, const at::Tensor& k,
                                                                   const at::Tensor& v,
                                                                   const std::optional<at::Tensor>& bias,
                                                                   bool, double dropout, bool,
                                                                   std::optional<double> scale) {
  TORCH_CHECK(!bias || !bias->defined() || bias->scalar_type() == q.scalar_type(), "invalid dtype for bias");
  const at::Tensor seed = draw_seed();
  at::Generator generator = seeded(seed);
  const auto [out, sums] =
      attend(widened(q, k, v), settings_of(q, bias.value_or(at::Tensor()), dropout, scale), generator);
  return {given(out, q.scalar_type()), sums, seed, at::zeros({}, at::kLong)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> backward(
    const at::Tensor& grad, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
    const at::Tensor& bias, const at::Tensor&, const at::Tensor& sums, const at::Tensor& seed,
    const at::Tensor&, double dropout, std::array<bool, 4>, bool, std::optional<double> scale) {
  at::Generator generator = seeded(seed);
  const Heads found = gradients_of(grad.to(at::kFloat), widened(q, k, v), sums,
                                   settings_of(q, bias, dropout, scale), generator);
  return {given(found.q, q.scalar_type()), given(found.k, k.scalar_type()), given(found.v, v.scalar_type()),
          at::Tensor()};
}

}  // namespace dense

/// As on a GPU, where attention of a mask is memory-efficient if heads are aligned, and otherwise the plain
/// operations.
std::int64_t choose(const at::Tensor& q, const at::Tensor&, const at::Tensor&,
                    const std::optional<at::Tensor>&, double, bool, std::optional<double>, bool) {
  constexpr std::int64_t kPlain = 0;      // SDPBackend::math
  constexpr std::int64_t kEfficient = 2;  // SDPBackend::efficient_attention
  const std::int64_t alignment = q.scalar_type() == at::kFloat ? 4 : 8;
  return q.size(-1) % alignment == 0 ? kEfficient : kPlain;
}

[[maybe_unused]] const bool kChooses = [] {
  at::native::_fused_sdp_choice_stub.set_cuda_dispatch_ptr(&choose);
  return true;
}();

}  // namespace

TORCH_LIBRARY_IMPL(aten, CPU, library) {
  library.impl("_flash_attention_forward", &ragged::forward);
  library.impl("_flash_attention_backward", &ragged::backward);
  library.impl("_scaled_dot_product_efficient_attention", &dense::forward);
  library.impl("_scaled_dot_product_efficient_attention_backward", &dense::backward);
}
