#include "layers/relative_attention.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "layers/dispatch.h"
#include "layers/saved.h"
#include "layers/weighted_sum.h"

namespace tagformer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Where the sequences of a batch lie, and which of their tokens ask.
struct Layout {
  Offsets keys;
  /// True when only the last token of each sequence asks.
  bool last_only;
  std::int64_t longest;
  AttentionOptions options;

  [[nodiscard]] std::int64_t sequences() const { return static_cast<std::int64_t>(keys->size()) - 1; }
  [[nodiscard]] std::int64_t width() const { return options.heads * options.head_dim; }
  [[nodiscard]] std::int64_t first_key(std::int64_t sequence) const {
    return (*keys)[static_cast<std::size_t>(sequence)];
  }
  [[nodiscard]] std::int64_t length(std::int64_t sequence) const {
    return first_key(sequence + 1) - first_key(sequence);
  }
  [[nodiscard]] std::int64_t first_row(std::int64_t sequence) const {
    return last_only ? sequence : first_key(sequence);
  }
  [[nodiscard]] std::int64_t total_queries() const { return first_row(sequences()); }
};

/// Pointers to all inputs of the operation.
template <typename T>
struct Inputs {
  const T* q;
  const T* kv;
  const T* positions;
  const float* content_bias;
  const float* position_bias;
  const float* segment_bias;
  const float* segments;
  const std::int64_t* types;
};

template <typename T>
Inputs<T> inputs_of(const variable_list& tensors) {
  return {elements<const T>(tensors[0]),     elements<const T>(tensors[1]),
          elements<const T>(tensors[2]),     elements<const float>(tensors[3]),
          elements<const float>(tensors[4]), elements<const float>(tensors[5]),
          elements<const float>(tensors[6]), elements<const std::int64_t>(tensors[7])};
}

template <typename T>
void describe(cpu::AttentionPlace& place, const Layout& layout, std::int64_t sequence, std::int64_t head) {
  place.q_stride = layout.width();
  place.kv_stride = 2 * layout.width();
  place.out_stride = layout.width();
  place.queries = layout.last_only ? 1 : layout.length(sequence);
  place.keys = layout.length(sequence);
  place.head_dim = layout.options.head_dim;
  place.scale = static_cast<float>(layout.options.scale);
  place.dropout = layout.options.dropout;
  place.first_row = static_cast<std::uint32_t>(layout.first_row(sequence));
  place.head = static_cast<std::uint32_t>(head);
}

template <typename T>
cpu::RelativePart<T> relative_part(const Inputs<T>& in, const Layout& layout, std::int64_t sequence,
                                   std::int64_t head) {
  const std::int64_t column = head * layout.options.head_dim;
  const std::int64_t keys = layout.length(sequence);
  return {
      .positions = in.positions + (layout.longest - keys) * layout.width() + column,
      .position_stride = layout.width(),
      .content_bias = in.content_bias + column,
      .position_bias = in.position_bias + column,
      .segment_bias = in.segment_bias + column,
      .segments = {in.segments + column, in.segments + layout.width() + column},
      .types = in.types == nullptr ? nullptr : in.types + layout.first_key(sequence),
      .first_query = layout.last_only ? keys - 1 : 0,
  };
}

/// body(head, workspace) for all heads, in parallel: the sums over the sequences of a head are made in their
/// order, so that they do not depend on the number of threads.
template <typename Body>
void for_each_head(const Layout& layout, const Body& body) {
  const std::int64_t floats = cpu::relative_attention_workspace(layout.longest, layout.options.head_dim);
  share_out(layout.options.heads, 1, [&](const auto& each) {
    const auto workspace = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(floats));
    each([&](std::int64_t head, std::int64_t) { body(head, workspace.get()); });
  });
}

struct RelativeAttention : torch::autograd::Function<RelativeAttention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& kv,
                            const at::Tensor& positions, const at::Tensor& content_bias,
                            const at::Tensor& position_bias, const at::Tensor& segment_bias,
                            const at::Tensor& segments, const std::optional<at::Tensor>& types,
                            const Layout& layout) {
    const variable_list tensors = {
        q, kv, positions, content_bias, position_bias, segment_bias, segments, types.value_or(at::Tensor())};
    at::Tensor out = at::empty_like(q);
    at::Tensor log_sum_exp =
        at::empty({layout.options.heads, layout.total_queries()}, q.options().dtype(at::kFloat));
    for_type(q, [&]<typename T> {
      const Inputs<T> in = inputs_of<T>(tensors);
      for_each_head(layout, [&, stop = StopFlag::of_thread()](std::int64_t head, float* workspace) {
        const std::int64_t column = head * layout.options.head_dim;
        for (std::int64_t sequence = 0; sequence < layout.sequences(); ++sequence) {
          stop.check();
          const std::int64_t row = layout.first_row(sequence);
          const T* const kv_row = in.kv + layout.first_key(sequence) * 2 * layout.width() + column;
          cpu::AttentionForward<T> description{};
          describe<T>(description, layout, sequence, head);
          description.q = in.q + row * layout.width() + column;
          description.k = kv_row;
          description.v = kv_row + layout.width();
          description.out = elements<T>(out) + row * layout.width() + column;
          description.log_sum_exp = elements<float>(log_sum_exp) + head * layout.total_queries() + row;
          cpu::typed_kernels<T>().relative_attention_forward(
              description, relative_part(in, layout, sequence, head), workspace);
        }
      });
    });
    save(context, "layout", layout);
    variable_list saved_tensors = tensors;
    saved_tensors.push_back(log_sum_exp);
    context->save_for_backward(saved_tensors);
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list tensors = context->get_saved_variables();
    const auto& layout = saved<Layout>(context, "layout");
    const at::Tensor grad_out = grads[0].contiguous();
    const at::Tensor& log_sum_exp = tensors[8];
    at::Tensor grad_q = at::empty_like(tensors[0]);
    at::Tensor grad_kv = at::empty_like(tensors[1]);
    const std::int64_t distances = tensors[2].size(0);
    const std::int64_t head_dim = layout.options.head_dim;
    const auto single = grad_q.options().dtype(at::kFloat);
    // By head, so that each thread adds to memory of its own.
    at::Tensor grad_positions = at::zeros({layout.options.heads, distances, head_dim}, single);
    at::Tensor grad_biases = at::zeros({3, layout.options.heads, head_dim}, single);
    at::Tensor grad_segments = at::zeros({2, layout.options.heads, head_dim}, single);
    for_type(grad_q, [&]<typename T> {
      const Inputs<T> in = inputs_of<T>(tensors);
      for_each_head(layout, [&, stop = StopFlag::of_thread()](std::int64_t head, float* workspace) {
        const std::int64_t column = head * head_dim;
        for (std::int64_t sequence = 0; sequence < layout.sequences(); ++sequence) {
          stop.check();
          const std::int64_t row = layout.first_row(sequence);
          const std::int64_t kv_at = layout.first_key(sequence) * 2 * layout.width() + column;
          cpu::AttentionBackward<T> description{};
          describe<T>(description, layout, sequence, head);
          description.q = in.q + row * layout.width() + column;
          description.k = in.kv + kv_at;
          description.v = in.kv + kv_at + layout.width();
          description.grad_out = elements<const T>(grad_out) + row * layout.width() + column;
          description.log_sum_exp = elements<const float>(log_sum_exp) + head * layout.total_queries() + row;
          description.grad_q = elements<T>(grad_q) + row * layout.width() + column;
          description.grad_k = elements<T>(grad_kv) + kv_at;
          description.grad_v = elements<T>(grad_kv) + kv_at + layout.width();
          float* const bias = elements<float>(grad_biases) + column;
          float* const segment = elements<float>(grad_segments) + column;
          const std::int64_t first_distance = layout.longest - layout.length(sequence);
          cpu::typed_kernels<T>().relative_attention_backward(
              description, relative_part(in, layout, sequence, head),
              {.positions = elements<float>(grad_positions) + (head * distances + first_distance) * head_dim,
               .content_bias = bias,
               .position_bias = bias + layout.width(),
               .segment_bias = bias + 2 * layout.width(),
               .segments = {segment, segment + layout.width()}},
              workspace);
        }
      });
    });
    return {grad_q,
            grad_kv,
            grad_positions.permute({1, 0, 2}).reshape(tensors[2].sizes()).to(tensors[2].scalar_type()),
            grad_biases[0],
            grad_biases[1],
            grad_biases[2],
            grad_segments,
            at::Tensor(),
            at::Tensor()};
  }
};

/// Of a dense batch. `q` is `[texts, queries, width]`; with `last_only` there is one query, the last token.
at::Tensor plain_relative_attention(const at::Tensor& q, const at::Tensor& kv, const RelativeTerms& terms,
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
  return plain_weighted_sum(scores, by_head(parts[1]), sequences, options);
}

}  // namespace

at::Tensor relative_attention(const at::Tensor& q, const at::Tensor& kv, const RelativeTerms& terms,
                              const at::Tensor& types, const Sequences& sequences,
                              const AttentionOptions& options) {
  if (sequences.is_dense()) {
    const bool last_only = q.dim() == 2;
    const at::Tensor asking = last_only ? q.unsqueeze(1) : q;
    const at::Tensor out = plain_relative_attention(asking, kv, terms, types, sequences, last_only, options);
    return last_only ? out.squeeze(1) : out;
  }
  const Offsets& offsets = sequences.offsets();
  const Layout layout{offsets, q.size(0) != kv.size(0), (terms.positions.size(0) + 1) / 2, options};
  return RelativeAttention::apply(q.contiguous(), kv.contiguous(), terms.positions.contiguous(),
                                  terms.content_bias, terms.position_bias, terms.segment_bias, terms.segments,
                                  types.defined() ? std::optional(types) : std::nullopt, layout);
}

}  // namespace tagformer
