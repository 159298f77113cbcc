#include "layers/attention.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <algorithm>
#include <utility>

#include "layers/aten_path.h"
#include "layers/dispatch.h"
#include "layers/flash_attention.h"
#include "layers/heads.h"
#include "layers/operation.h"
#include "runtime/scratch.h"

namespace tagformer {
namespace {

std::int64_t workspace_of(const HeadLayout& layout) {
  return cpu::attention_workspace(layout.longest(), layout.options.head_dim);
}

/// Returns the attention output and, per head and query, the log-sum-exp.
template <typename T>
std::pair<at::Tensor, at::Tensor> forward(const HeadLayout& layout, const HeadPointers<const T>& in,
                                          const at::TensorOptions& type) {
  const at::Tensor out = scratch({layout.total_queries(), layout.width()}, type);
  const at::Tensor log_sum_exp =
      at::empty({layout.options.heads, layout.total_queries()}, type.dtype(at::kFloat));
  for_each_head_and_sequence(layout, workspace_of(layout),
                             [&](std::int64_t sequence, std::int64_t head, float* workspace) {
                               cpu::typed_kernels<T>().attention_forward(
                                   forward_of<T>(layout, sequence, head, in, out, log_sum_exp), workspace);
                             });
  return {out, log_sum_exp};
}

template <typename T>
void backward(const HeadLayout& layout, const HeadPointers<const T>& in, const at::Tensor& grad_out,
              const at::Tensor& log_sum_exp, const HeadPointers<T>& grad) {
  for_each_head_and_sequence(
      layout, workspace_of(layout), [&](std::int64_t sequence, std::int64_t head, float* workspace) {
        cpu::typed_kernels<T>().attention_backward(
            backward_of<T>(layout, sequence, head, in, grad_out, log_sum_exp, grad), workspace);
      });
}

/// Of query, key and value side by side in one tensor.
struct StackedQkv : Operation {
  explicit StackedQkv(HeadLayout layout) : layout(std::move(layout)) {}
  HeadLayout layout;

  template <typename T>
  static HeadPointers<T> pointers(const at::Tensor& qkv, const HeadLayout& layout) {
    T* const data = elements<T>(qkv);
    return {data, data + layout.width(), data + 2 * layout.width()};
  }

  at::Tensor forward(const Tensors& inputs, Tensors& saved) const override {
    const at::Tensor& qkv = inputs[0];
    at::Tensor out;
    at::Tensor log_sum_exp;
    for_type(qkv, [&]<typename T> {
      std::tie(out, log_sum_exp) =
          tagformer::forward<T>(layout, pointers<const T>(qkv, layout), qkv.options());
    });
    saved = {qkv, log_sum_exp};
    return out;
  }

  [[nodiscard]] Tensors backward(const Tensors& saved, const at::Tensor& grad_out,
                                 const std::vector<bool>&) const override {
    at::Tensor grad = at::empty_like(saved[0]);
    for_type(grad, [&]<typename T> {
      tagformer::backward<T>(layout, pointers<const T>(saved[0], layout), grad_out, saved[1],
                             pointers<T>(grad, layout));
    });
    return {grad};
  }
};

/// Of one query a text, with key and value side by side in a tensor of their own.
struct OneQuery : Operation {
  explicit OneQuery(HeadLayout layout) : layout(std::move(layout)) {}
  HeadLayout layout;

  at::Tensor forward(const Tensors& inputs, Tensors& saved) const override {
    const at::Tensor& q = inputs[0];
    const at::Tensor& kv = inputs[1];
    at::Tensor out;
    at::Tensor log_sum_exp;
    for_type(q, [&]<typename T> {
      std::tie(out, log_sum_exp) =
          tagformer::forward<T>(layout, head_pointers<const T>(q, kv, layout), q.options());
    });
    saved = {q, kv, log_sum_exp};
    return out;
  }

  [[nodiscard]] Tensors backward(const Tensors& saved, const at::Tensor& grad_out,
                                 const std::vector<bool>&) const override {
    at::Tensor grad_q = at::empty_like(saved[0]);
    at::Tensor grad_kv = at::empty_like(saved[1]);
    for_type(grad_q, [&]<typename T> {
      tagformer::backward<T>(layout, head_pointers<const T>(saved[0], saved[1], layout), grad_out, saved[2],
                             head_pointers<T>(grad_q, grad_kv, layout));
    });
    return {grad_q, grad_kv};
  }
};

/// `[texts, 1, 1 or length, length]`: which keys the first token, or each of them, attends to.
at::Tensor aten_mask(const Sequences& sequences, bool one_query, std::int64_t window) {
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
at::Tensor aten_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const Sequences& sequences, bool one_query, const AttentionOptions& options) {
  const auto by_head = [&](const at::Tensor& x) {
    return x.unflatten(-1, {options.heads, options.head_dim}).transpose(1, 2);
  };
  const Rotary& rotary = options.rotary;
  const at::Tensor queries = one_query ? by_head(q) : rotary.rotate(by_head(q));  // by nothing at position 0
  const at::Tensor allowed = aten_mask(sequences, one_query, options.window);
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
    return aten_attention(parts[0], parts[1], parts[2], sequences, /*one_query=*/false, options);
  }
  const std::int64_t stride = 3 * options.heads * options.head_dim;
  const HeadLayout layout{sequences.offsets(), /*one_query=*/false, stride, stride, options};
  return apply(StackedQkv(layout), {qkv.contiguous()});
}

at::Tensor attention_of_one(const at::Tensor& q, const at::Tensor& kv, const Sequences& sequences,
                            const AttentionOptions& options) {
  if (sequences.is_packed()) return flash_attention_of_one(q, kv, sequences, options);
  if (sequences.is_dense()) {
    const std::vector<at::Tensor> parts = kv.chunk(2, -1);
    return aten_attention(q.unsqueeze(1), parts[0], parts[1], sequences, /*one_query=*/true, options)
        .squeeze(1);
  }
  const std::int64_t width = options.heads * options.head_dim;
  const HeadLayout layout{sequences.offsets(), /*one_query=*/true, width, 2 * width, options};
  return apply(OneQuery(layout), {q.contiguous(), kv.contiguous()});
}

}  // namespace tagformer
