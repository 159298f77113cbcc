#include "layers/attention.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <algorithm>

#include "layers/dispatch.h"
#include "layers/flash_attention.h"
#include "layers/plain.h"
#include "layers/saved.h"
#include "runtime/scratch.h"

namespace tagformer {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Where query, key and value of a batch lie.
struct Layout {
  Offsets queries;
  Offsets keys;
  std::int64_t q_stride;
  std::int64_t kv_stride;
  AttentionOptions options;

  [[nodiscard]] std::int64_t sequences() const { return static_cast<std::int64_t>(keys->size()) - 1; }
  [[nodiscard]] std::int64_t width() const { return options.heads * options.head_dim; }
  [[nodiscard]] std::int64_t total_queries() const { return queries->back(); }
  [[nodiscard]] std::int64_t longest() const {
    std::int64_t longest = 0;
    for (std::size_t i = 1; i < keys->size(); ++i)
      longest = std::max<std::int64_t>(longest, (*keys)[i] - (*keys)[i - 1]);
    return longest;
  }
};

/// body(sequence, head, workspace) for all pairs, in parallel. Heads change slowest: equal shares of heads
/// are equal work, whatever the lengths of the sequences. Ends early with Stopped.
template <typename Body>
void for_heads(const Layout& layout, const Body& body) {
  const std::int64_t sequences = layout.sequences();
  const std::int64_t floats = cpu::attention_workspace(layout.longest(), layout.options.head_dim);
  const std::int64_t tasks = sequences * layout.options.heads;
  share_out(tasks, 1, [&](const auto& each) {
    const auto workspace = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(floats));
    each([&](std::int64_t task, std::int64_t) { body(task % sequences, task / sequences, workspace.get()); });
  });
}

template <typename T>
struct Pointers {
  T* q;
  T* k;
  T* v;
};

/// Fills what forward and backward descriptions share; pointers are at the first element of this sequence and
/// head.
template <typename Description>
void describe(Description& d, const Layout& layout, std::int64_t sequence, std::int64_t head) {
  const auto& queries = *layout.queries;
  const auto& keys = *layout.keys;
  const auto at = static_cast<std::size_t>(sequence);
  d.q_stride = layout.q_stride;
  d.kv_stride = layout.kv_stride;
  d.out_stride = layout.width();
  d.queries = queries[at + 1] - queries[at];
  d.keys = keys[at + 1] - keys[at];
  d.head_dim = layout.options.head_dim;
  d.scale = static_cast<float>(layout.options.scale);
  d.dropout = layout.options.dropout;
  d.first_row = static_cast<std::uint32_t>(queries[at]);
  d.head = static_cast<std::uint32_t>(head);
  d.window = layout.options.window;
  d.rotary = layout.options.rotary.table();
}

struct Position {
  std::int64_t q, kv, out, row;
};

Position position_of(const Layout& layout, std::int64_t sequence, std::int64_t head) {
  const auto at = static_cast<std::size_t>(sequence);
  const std::int64_t column = head * layout.options.head_dim;
  const std::int64_t query = (*layout.queries)[at];
  return {query * layout.q_stride + column, (*layout.keys)[at] * layout.kv_stride + column,
          query * layout.width() + column, head * layout.total_queries() + query};
}

/// Returns the attention output and, per head and query, the log-sum-exp.
template <typename T>
std::pair<at::Tensor, at::Tensor> forward(const Layout& layout, Pointers<const T> in,
                                          const at::TensorOptions& type) {
  const at::Tensor out = scratch({layout.total_queries(), layout.width()}, type);
  const at::Tensor log_sum_exp =
      at::empty({layout.options.heads, layout.total_queries()}, type.dtype(at::kFloat));
  T* const to = elements<T>(out);
  auto* const sums = elements<float>(log_sum_exp);
  for_heads(layout, [&](std::int64_t sequence, std::int64_t head, float* workspace) {
    const Position at = position_of(layout, sequence, head);
    cpu::AttentionForward<T> description{};
    describe(description, layout, sequence, head);
    description.q = in.q + at.q;
    description.k = in.k + at.kv;
    description.v = in.v + at.kv;
    description.out = to + at.out;
    description.log_sum_exp = sums + at.row;
    cpu::typed_kernels<T>().attention_forward(description, workspace);
  });
  return {out, log_sum_exp};
}

template <typename T>
void backward(const Layout& layout, Pointers<const T> in, const at::Tensor& grad_out,
              const at::Tensor& log_sum_exp, Pointers<T> grad) {
  const T* const from = elements<T>(grad_out);
  const float* const sums = elements<float>(log_sum_exp);
  for_heads(layout, [&](std::int64_t sequence, std::int64_t head, float* workspace) {
    const Position at = position_of(layout, sequence, head);
    cpu::AttentionBackward<T> description{};
    describe(description, layout, sequence, head);
    description.q = in.q + at.q;
    description.k = in.k + at.kv;
    description.v = in.v + at.kv;
    description.grad_out = from + at.out;
    description.log_sum_exp = sums + at.row;
    description.grad_q = grad.q + at.q;
    description.grad_k = grad.k + at.kv;
    description.grad_v = grad.v + at.kv;
    cpu::typed_kernels<T>().attention_backward(description, workspace);
  });
}

struct Packed : torch::autograd::Function<Packed> {
  template <typename T>
  static Pointers<T> pointers(const at::Tensor& qkv, const Layout& layout) {
    T* const data = elements<T>(qkv);
    return {data, data + layout.width(), data + 2 * layout.width()};
  }

  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv, const Layout& layout) {
    at::Tensor out;
    at::Tensor log_sum_exp;
    for_type(qkv, [&]<typename T> {
      std::tie(out, log_sum_exp) =
          tagformer::forward<T>(layout, pointers<const T>(qkv, layout), qkv.options());
    });
    save(context, "layout", layout);
    context->save_for_backward({qkv, log_sum_exp});
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list tensors = context->get_saved_variables();
    const auto& layout = saved<Layout>(context, "layout");
    const at::Tensor grad_out = grads[0].contiguous();
    at::Tensor grad = at::empty_like(tensors[0]);
    for_type(grad, [&]<typename T> {
      tagformer::backward<T>(layout, pointers<const T>(tensors[0], layout), grad_out, tensors[1],
                             pointers<T>(grad, layout));
    });
    return {grad, at::Tensor()};
  }
};

struct OneQuery : torch::autograd::Function<OneQuery> {
  template <typename T>
  static Pointers<T> pointers(const at::Tensor& q, const at::Tensor& kv, const Layout& layout) {
    T* const data = elements<T>(kv);
    return {elements<T>(q), data, data + layout.width()};
  }

  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& kv,
                            const Layout& layout) {
    at::Tensor out;
    at::Tensor log_sum_exp;
    for_type(q, [&]<typename T> {
      std::tie(out, log_sum_exp) =
          tagformer::forward<T>(layout, pointers<const T>(q, kv, layout), q.options());
    });
    save(context, "layout", layout);
    context->save_for_backward({q, kv, log_sum_exp});
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list tensors = context->get_saved_variables();
    const auto& layout = saved<Layout>(context, "layout");
    const at::Tensor grad_out = grads[0].contiguous();
    at::Tensor grad_q = at::empty_like(tensors[0]);
    at::Tensor grad_kv = at::empty_like(tensors[1]);
    for_type(grad_q, [&]<typename T> {
      tagformer::backward<T>(layout, pointers<const T>(tensors[0], tensors[1], layout), grad_out, tensors[2],
                             pointers<T>(grad_q, grad_kv, layout));
    });
    return {grad_q, grad_kv, at::Tensor()};
  }
};

/// Boundaries of sequences that have one row each.
Offsets one_each(std::size_t sequences) {
  auto offsets = std::make_shared<std::vector<std::int32_t>>(sequences + 1);
  for (std::size_t i = 0; i <= sequences; ++i) (*offsets)[i] = static_cast<std::int32_t>(i);
  return offsets;
}

/// `[texts, 1, 1 or length, length]`: which keys the first token, or each of them, attends to.
at::Tensor plain_mask(const Sequences& sequences, bool one_query, std::int64_t window) {
  // The same keys for every head and query.
  at::Tensor tokens = sequences.mask().to(at::kBool).unsqueeze(1).unsqueeze(1);
  if (window >= cpu::kEverywhere) return tokens;
  const at::Tensor keys = sequences.indices();
  const at::Tensor distance = (one_query ? keys : keys.sub(keys.unsqueeze(1))).abs();
  // Padding sees at least itself: far from every token, a softmax over nothing would be NaN.
  return tokens.logical_and(distance.le(window)).logical_or(distance.eq(0));
}

/// `q` is `[texts, queries, width]`, `k` and `v` are `[texts, length, width]`; queries are the first token or
/// all.
at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const Sequences& sequences, bool one_query, const AttentionOptions& options) {
  const auto by_head = [&](const at::Tensor& x) {
    return x.unflatten(-1, {options.heads, options.head_dim}).transpose(1, 2);
  };
  const Rotary& rotary = options.rotary;
  const at::Tensor queries = one_query ? by_head(q) : rotary.rotate(by_head(q));  // by nothing at position 0
  const at::Tensor allowed = plain_mask(sequences, one_query, options.window);
  std::optional<SeededGenerator> generator;
  if (options.dropout.active()) generator.emplace(q.device(), options.dropout);
  return at::scaled_dot_product_attention(queries, rotary.rotate(by_head(k)), by_head(v), allowed,
                                          rate(options.dropout), /*is_causal=*/false, options.scale)
      .transpose(1, 2)
      .flatten(2);
}

}  // namespace

at::Tensor attention(const at::Tensor& qkv, const Sequences& sequences, const AttentionOptions& options) {
  if (sequences.is_packed()) return flash_attention(qkv, sequences, options);
  if (sequences.is_dense()) {
    const std::vector<at::Tensor> parts = qkv.chunk(3, -1);
    return plain_attention(parts[0], parts[1], parts[2], sequences, /*one_query=*/false, options);
  }
  const Offsets& offsets = sequences.offsets();
  const std::int64_t stride = 3 * options.heads * options.head_dim;
  return Packed::apply(qkv.contiguous(), Layout{offsets, offsets, stride, stride, options});
}

at::Tensor attention_of_one(const at::Tensor& q, const at::Tensor& kv, const Sequences& sequences,
                            const AttentionOptions& options) {
  if (sequences.is_packed()) return flash_attention_of_one(q, kv, sequences, options);
  if (sequences.is_dense()) {
    const std::vector<at::Tensor> parts = kv.chunk(2, -1);
    return plain_attention(q.unsqueeze(1), parts[0], parts[1], sequences, /*one_query=*/true, options)
        .squeeze(1);
  }
  const Offsets& offsets = sequences.offsets();
  const std::int64_t width = options.heads * options.head_dim;
  return OneQuery::apply(q.contiguous(), kv.contiguous(),
                         Layout{one_each(offsets->size() - 1), offsets, width, 2 * width, options});
}

}  // namespace tagformer
