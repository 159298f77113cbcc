#include "layers/disentangled_attention.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/take.h>

#include <utility>

#include "layers/heads.h"
#include "layers/operation.h"
#include "layers/weighted_sum.h"

namespace tagformer {
namespace {

/// Places of the inputs among Tensors; the two tables may be undefined.
enum Input : std::uint8_t { kQ, kKv, kPositionKeys, kPositionQueries, kBuckets, kLogSumExp };

/// The first element of a head in a table of all heads; null for none.
template <typename T>
const T* table_of(const at::Tensor& table, const HeadLayout& layout, std::int64_t head) {
  return table.defined() ? elements<const T>(table) + head * layout.options.head_dim : nullptr;
}

template <typename T>
cpu::DisentangledPart<T> part_of(const Tensors& in, const HeadLayout& layout, std::int64_t sequence,
                                 std::int64_t head) {
  const std::int64_t longest = (in[kBuckets].size(0) + 1) / 2;
  return {.position_keys = table_of<T>(in[kPositionKeys], layout, head),
          .position_queries = table_of<T>(in[kPositionQueries], layout, head),
          .position_stride = layout.width(),
          .buckets = elements<const std::int32_t>(in[kBuckets]) + longest - layout.length(sequence)};
}

/// Room for the gradient of a table, by head, so that each thread adds to memory of its own.
at::Tensor sums_of(const at::Tensor& table, const HeadLayout& layout) {
  if (!table.defined()) return {};
  return at::zeros({layout.options.heads, table.size(0), layout.options.head_dim},
                   table.options().dtype(at::kFloat));
}

float* sums_of_head(const at::Tensor& sums, std::int64_t head) {
  return sums.defined() ? elements<float>(sums) + head * sums.stride(0) : nullptr;
}

at::Tensor as_gradient(const at::Tensor& sums, const at::Tensor& table) {
  if (!table.defined()) return {};
  return sums.permute({1, 0, 2}).reshape(table.sizes()).to(table.scalar_type());
}

struct DisentangledAttention : Operation {
  explicit DisentangledAttention(HeadLayout layout) : layout(std::move(layout)) {}
  HeadLayout layout;

  at::Tensor forward(const Tensors& in, Tensors& saved) const override {
    const at::Tensor& q = in[kQ];
    const at::Tensor& kv = in[kKv];
    const at::Tensor out = at::empty_like(q);
    const at::Tensor log_sum_exp =
        at::empty({layout.options.heads, layout.total_queries()}, q.options().dtype(at::kFloat));
    for_type(q, [&]<typename T> {
      for_each_head(layout, workspace_of(layout),
                    [&](std::int64_t sequence, std::int64_t head, float* workspace) {
                      cpu::typed_kernels<T>().disentangled_attention_forward(
                          forward_of<T>(layout, sequence, head, head_pointers<const T>(q, kv, layout), out,
                                        log_sum_exp),
                          part_of<T>(in, layout, sequence, head), workspace);
                    });
    });
    saved = in;
    saved.push_back(log_sum_exp);
    return out;
  }

  [[nodiscard]] Tensors backward(const Tensors& in, const at::Tensor& grad_out,
                                 const std::vector<bool>&) const override {
    const at::Tensor grad_q = at::empty_like(in[kQ]);
    const at::Tensor grad_kv = at::empty_like(in[kKv]);
    const at::Tensor key_sums = sums_of(in[kPositionKeys], layout);
    const at::Tensor query_sums = sums_of(in[kPositionQueries], layout);
    for_type(grad_q, [&]<typename T> {
      const auto from = head_pointers<const T>(in[kQ], in[kKv], layout);
      const auto to = head_pointers<T>(grad_q, grad_kv, layout);
      for_each_head(layout, workspace_of(layout),
                    [&](std::int64_t sequence, std::int64_t head, float* workspace) {
                      cpu::typed_kernels<T>().disentangled_attention_backward(
                          backward_of<T>(layout, sequence, head, from, grad_out, in[kLogSumExp], to),
                          part_of<T>(in, layout, sequence, head),
                          {.position_keys = sums_of_head(key_sums, head),
                           .position_queries = sums_of_head(query_sums, head)},
                          workspace);
                    });
    });
    return {grad_q, grad_kv, as_gradient(key_sums, in[kPositionKeys]),
            as_gradient(query_sums, in[kPositionQueries]), at::Tensor()};
  }

  static std::int64_t workspace_of(const HeadLayout& layout) {
    return cpu::disentangled_attention_workspace(layout.longest(), layout.options.head_dim);
  }
};

at::Tensor contiguous(const at::Tensor& table) { return table.defined() ? table.contiguous() : table; }

/// Of a dense batch. `q` is `[texts, queries, width]`; with `first_only` there is one query, the first token.
at::Tensor aten_disentangled_attention(const at::Tensor& q, const at::Tensor& kv,
                                       const DisentangledTerms& terms, const Sequences& sequences,
                                       bool first_only, const AttentionOptions& options) {
  const auto by_head = [&](const at::Tensor& x) {
    return x.unflatten(-1, {options.heads, options.head_dim}).transpose(-3, -2);
  };
  const std::vector<at::Tensor> parts = kv.chunk(2, -1);
  const at::Tensor queries = by_head(q);
  const at::Tensor keys = by_head(parts[0]);
  const at::Tensor values = by_head(parts[1]);

  // [queries, length]: of query i and key j, whose place among the distances is longest - 1 - i + j.
  const at::Tensor places = sequences.positions();
  const at::Tensor from_end = places.flip(-1);
  const at::Tensor first = first_only ? from_end.slice(1, 0, 1) : from_end;
  const at::Tensor bucket = at::take(terms.buckets, first.transpose(0, 1).add(places));

  at::Tensor scores = at::matmul(queries, keys.transpose(-2, -1));
  if (terms.position_keys.defined()) {
    const at::Tensor by_bucket = at::matmul(queries, by_head(terms.position_keys).transpose(-2, -1));
    scores = scores.add(at::gather(by_bucket, -1, bucket.expand_as(scores)));
  }
  if (terms.position_queries.defined()) {
    const at::Tensor by_bucket = at::matmul(keys, by_head(terms.position_queries).transpose(-2, -1));
    const at::Tensor of_keys = bucket.expand_as(scores).transpose(-2, -1);
    scores = scores.add(at::gather(by_bucket, -1, of_keys).transpose(-2, -1));
  }
  return aten_weighted_sum(scores, values, sequences, options);
}

}  // namespace

at::Tensor disentangled_attention(const at::Tensor& q, const at::Tensor& kv, const DisentangledTerms& terms,
                                  const Sequences& sequences, const AttentionOptions& options) {
  if (sequences.is_dense()) {
    const bool first_only = q.dim() == 2;
    const at::Tensor out = aten_disentangled_attention(first_only ? q.unsqueeze(1) : q, kv, terms, sequences,
                                                       first_only, options);
    return first_only ? out.squeeze(1) : out;
  }
  const std::int64_t width = options.heads * options.head_dim;
  const HeadLayout layout{sequences.offsets(), q.size(0) != kv.size(0), width, 2 * width, options};
  return apply(DisentangledAttention(layout),
               {q.contiguous(), kv.contiguous(), contiguous(terms.position_keys),
                contiguous(terms.position_queries), terms.buckets.to(at::kInt)});
}

}  // namespace tagformer
