#include "layers/relative_attention.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <utility>

#include "layers/heads.h"
#include "layers/operation.h"
#include "layers/weighted_sum.h"

namespace tagformer {
namespace {

/// Pointers to all inputs of the operation but queries, keys and values.
template <typename T>
struct Inputs {
  const T* positions;
  /// Of the longest sequence: rows of `positions` are distances from it down.
  std::int64_t longest;
  const float* content_bias;
  const float* position_bias;
  const float* segment_bias;
  const float* segments;
  const std::int64_t* types;
};

template <typename T>
Inputs<T> inputs_of(const Tensors& tensors) {
  return {elements<const T>(tensors[2]),           (tensors[2].size(0) + 1) / 2,
          elements<const float>(tensors[3]),       elements<const float>(tensors[4]),
          elements<const float>(tensors[5]),       elements<const float>(tensors[6]),
          elements<const std::int64_t>(tensors[7])};
}

template <typename T>
cpu::RelativePart<T> relative_part(const Inputs<T>& in, const HeadLayout& layout, std::int64_t sequence,
                                   std::int64_t head) {
  const std::int64_t column = head * layout.options.head_dim;
  const std::int64_t keys = layout.length(sequence);
  return {
      .positions = in.positions + (in.longest - keys) * layout.width() + column,
      .position_stride = layout.width(),
      .content_bias = in.content_bias + column,
      .position_bias = in.position_bias + column,
      .segment_bias = in.segment_bias + column,
      .segments = {in.segments + column, in.segments + layout.width() + column},
      .types = in.types == nullptr ? nullptr : in.types + layout.first_key(sequence),
      .first_query = layout.one_query ? keys - 1 : 0,
  };
}

std::int64_t relative_workspace_of(const HeadLayout& layout) {
  return cpu::relative_attention_workspace(layout.longest(), layout.options.head_dim);
}

/// Of queries, keys and values, positions, the biases of content, position and segment, segments and perhaps
/// types.
struct RelativeAttention : Operation {
  explicit RelativeAttention(HeadLayout layout) : layout(std::move(layout)) {}
  HeadLayout layout;

  at::Tensor forward(const Tensors& inputs, Tensors& saved) const override {
    const at::Tensor& q = inputs[0];
    const at::Tensor& kv = inputs[1];
    at::Tensor out = at::empty_like(q);
    at::Tensor log_sum_exp =
        at::empty({layout.options.heads, layout.total_queries()}, q.options().dtype(at::kFloat));
    for_type(q, [&]<typename T> {
      const Inputs<T> in = inputs_of<T>(inputs);
      const auto from = head_pointers<const T>(q, kv, layout);
      for_each_head(layout, relative_workspace_of(layout),
                    [&](std::int64_t sequence, std::int64_t head, float* workspace) {
                      cpu::typed_kernels<T>().relative_attention_forward(
                          forward_of<T>(layout, sequence, head, from, out, log_sum_exp),
                          relative_part(in, layout, sequence, head), workspace);
                    });
    });
    saved = inputs;
    saved.push_back(log_sum_exp);
    return out;
  }

  [[nodiscard]] Tensors backward(const Tensors& saved, const at::Tensor& grad_out,
                                 const std::vector<bool>&) const override {
    const at::Tensor& log_sum_exp = saved[8];
    at::Tensor grad_q = at::empty_like(saved[0]);
    at::Tensor grad_kv = at::empty_like(saved[1]);
    const std::int64_t distances = saved[2].size(0);
    const std::int64_t head_dim = layout.options.head_dim;
    const auto single = grad_q.options().dtype(at::kFloat);
    // By head, so that each thread adds to memory of its own.
    at::Tensor grad_positions = at::zeros({layout.options.heads, distances, head_dim}, single);
    at::Tensor grad_biases = at::zeros({3, layout.options.heads, head_dim}, single);
    at::Tensor grad_segments = at::zeros({2, layout.options.heads, head_dim}, single);
    for_type(grad_q, [&]<typename T> {
      const Inputs<T> in = inputs_of<T>(saved);
      const auto from = head_pointers<const T>(saved[0], saved[1], layout);
      const auto to = head_pointers<T>(grad_q, grad_kv, layout);
      for_each_head(layout, relative_workspace_of(layout),
                    [&](std::int64_t sequence, std::int64_t head, float* workspace) {
                      const std::int64_t first_distance = in.longest - layout.length(sequence);
                      float* const position =
                          elements<float>(grad_positions) + (head * distances + first_distance) * head_dim;
                      float* const bias = elements<float>(grad_biases) + head * head_dim;
                      float* const segment = elements<float>(grad_segments) + head * head_dim;
                      cpu::typed_kernels<T>().relative_attention_backward(
                          backward_of<T>(layout, sequence, head, from, grad_out, log_sum_exp, to),
                          relative_part(in, layout, sequence, head),
                          {.positions = position,
                           .content_bias = bias,
                           .position_bias = bias + layout.width(),
                           .segment_bias = bias + 2 * layout.width(),
                           .segments = {segment, segment + layout.width()}},
                          workspace);
                    });
    });
    return {grad_q,
            grad_kv,
            grad_positions.permute({1, 0, 2}).reshape(saved[2].sizes()).to(saved[2].scalar_type()),
            grad_biases[0],
            grad_biases[1],
            grad_biases[2],
            grad_segments,
            at::Tensor()};
  }
};

/// Of a dense batch. `q` is `[texts, queries, width]`; with `last_only` there is one query, the last token.
at::Tensor aten_relative_attention(const at::Tensor& q, const at::Tensor& kv, const RelativeTerms& terms,
                                   const at::Tensor& types, const Sequences& sequences, bool last_only,
                                   const AttentionOptions& options) {
  const auto by_head = [&](const at::Tensor& x) {
    return x.unflatten(-1, {options.heads, options.head_dim}).transpose(-3, -2);
  };
  const auto with_bias = [&](const at::Tensor& bias) {
    return by_head(q.unflatten(-1, bias.sizes()).add(bias.to(q.scalar_type())).flatten(-2));
  };
  const std::vector<at::Tensor> parts = kv.chunk(2, -1);

  // [texts or 1, 1, queries, length]: the row of terms.positions that belongs to query i and key j, which is
  // longest - 1 - i + j.
  const at::Tensor keys = sequences.positions();
  const at::Tensor from_end = keys.flip(-1);
  const at::Tensor first =
      last_only ? at::index_select(from_end.squeeze(0), 0, sequences.last_positions()).unsqueeze(-1)
                : from_end;
  const at::Tensor distance = first.unsqueeze(-1).add(keys.unsqueeze(1)).unsqueeze(1);

  const at::Tensor content = at::matmul(with_bias(terms.content_bias), by_head(parts[0]).transpose(-2, -1));
  const at::Tensor by_distance =
      at::matmul(with_bias(terms.position_bias), by_head(terms.positions).transpose(-2, -1));
  at::Tensor scores = content.add(at::gather(by_distance, -1, distance.expand_as(content)));
  if (types.defined()) {
    // [texts, heads, queries, 2]: for keys of the same segment, and of another.
    const at::Tensor segments = terms.segments.to(q.scalar_type()).transpose(0, 1).transpose(-2, -1);
    const at::Tensor by_segment = at::matmul(with_bias(terms.segment_bias), segments);
    const at::Tensor asking =
        last_only ? at::gather(types, 1, sequences.last_positions().unsqueeze(-1)) : types;
    const at::Tensor same = asking.unsqueeze(-1).eq(types.unsqueeze(1)).unsqueeze(1);
    scores = scores.add(at::where(same, by_segment.slice(-1, 0, 1), by_segment.slice(-1, 1, 2)));
  }
  return aten_weighted_sum(scores, by_head(parts[1]), sequences, options);
}

}  // namespace

at::Tensor relative_attention(const at::Tensor& q, const at::Tensor& kv, const RelativeTerms& terms,
                              const at::Tensor& types, const Sequences& sequences,
                              const AttentionOptions& options) {
  if (sequences.is_dense()) {
    const bool last_only = q.dim() == 2;
    const at::Tensor asking = last_only ? q.unsqueeze(1) : q;
    const at::Tensor out = aten_relative_attention(asking, kv, terms, types, sequences, last_only, options);
    return last_only ? out.squeeze(1) : out;
  }
  const std::int64_t width = options.heads * options.head_dim;
  const HeadLayout layout{sequences.offsets(), /*one_query=*/q.size(0) != kv.size(0), width, 2 * width,
                          options};
  return apply(RelativeAttention(layout),
               {q.contiguous(), kv.contiguous(), terms.positions.contiguous(), terms.content_bias,
                terms.position_bias, terms.segment_bias, terms.segments, types});
}

}  // namespace tagformer
