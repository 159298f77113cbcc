// Places of the heads of a ragged batch in memory, for the attention kernels.
#pragma once

#include <algorithm>

#include "layers/attention.h"
#include "layers/dispatch.h"

namespace tagformer {

/// Rows of queries, and of keys with their values side by side. A sequence has one query or as many as keys.
struct HeadLayout {
  Offsets keys;
  bool one_query;
  std::int64_t q_stride, kv_stride;
  AttentionOptions options;

  [[nodiscard]] std::int64_t sequences() const { return static_cast<std::int64_t>(keys->size()) - 1; }
  [[nodiscard]] std::int64_t width() const { return options.heads * options.head_dim; }
  [[nodiscard]] std::int64_t first_key(std::int64_t sequence) const {
    return (*keys)[static_cast<std::size_t>(sequence)];
  }
  [[nodiscard]] std::int64_t length(std::int64_t sequence) const {
    return first_key(sequence + 1) - first_key(sequence);
  }
  [[nodiscard]] std::int64_t first_query(std::int64_t sequence) const {
    return one_query ? sequence : first_key(sequence);
  }
  [[nodiscard]] std::int64_t total_queries() const { return first_query(sequences()); }
  [[nodiscard]] std::int64_t longest() const {
    std::int64_t longest = 0;
    for (std::int64_t i = 0; i < sequences(); ++i) longest = std::max(longest, length(i));
    return longest;
  }

  [[nodiscard]] cpu::AttentionPlace place(std::int64_t sequence, std::int64_t head) const {
    return {.q_stride = q_stride,
            .kv_stride = kv_stride,
            .out_stride = width(),
            .queries = one_query ? 1 : length(sequence),
            .keys = length(sequence),
            .head_dim = options.head_dim,
            .scale = static_cast<float>(options.scale),
            .dropout = options.dropout,
            .first_row = static_cast<std::uint32_t>(first_query(sequence)),
            .head = static_cast<std::uint32_t>(head),
            .window = options.window,
            .rotary = options.rotary.table()};
  }

  /// First elements of a head of a sequence among queries, keys (and values), outputs and log-sum-exps.
  struct Begin {
    std::int64_t q, kv, out, row;
  };
  [[nodiscard]] Begin begin(std::int64_t sequence, std::int64_t head) const {
    const std::int64_t column = head * options.head_dim;
    const std::int64_t query = first_query(sequence);
    return {query * q_stride + column, first_key(sequence) * kv_stride + column, query * width() + column,
            head * total_queries() + query};
  }
};

/// First elements of queries, keys and values, or of their gradients.
template <typename T>
struct HeadPointers {
  T *q, *k, *v;
};

template <typename T>
cpu::AttentionForward<T> forward_of(const HeadLayout& layout, std::int64_t sequence, std::int64_t head,
                                    const HeadPointers<const T>& in, const at::Tensor& out,
                                    const at::Tensor& log_sum_exp) {
  const HeadLayout::Begin at = layout.begin(sequence, head);
  return {layout.place(sequence, head),
          in.q + at.q,
          in.k + at.kv,
          in.v + at.kv,
          elements<T>(out) + at.out,
          elements<float>(log_sum_exp) + at.row};
}

template <typename T>
cpu::AttentionBackward<T> backward_of(const HeadLayout& layout, std::int64_t sequence, std::int64_t head,
                                      const HeadPointers<const T>& in, const at::Tensor& grad_out,
                                      const at::Tensor& log_sum_exp, const HeadPointers<T>& grad) {
  const HeadLayout::Begin at = layout.begin(sequence, head);
  return {layout.place(sequence, head),
          in.q + at.q,
          in.k + at.kv,
          in.v + at.kv,
          elements<const T>(grad_out) + at.out,
          elements<const float>(log_sum_exp) + at.row,
          grad.q + at.q,
          grad.k + at.kv,
          grad.v + at.kv};
}

/// First elements of queries `[queries, width]`, and of keys with their values side by side.
template <typename T>
HeadPointers<T> head_pointers(const at::Tensor& q, const at::Tensor& kv, const HeadLayout& layout) {
  T* const keys = elements<T>(kv);
  return {elements<T>(q), keys, keys + layout.width()};
}

/// body(sequence, head, workspace) for all pairs, in parallel. Heads change slowest: equal shares of heads
/// are equal work, whatever the lengths of the sequences. Ends early with Stopped.
template <typename Body>
void for_each_head_and_sequence(const HeadLayout& layout, std::int64_t workspace_floats, const Body& body) {
  const std::int64_t sequences = layout.sequences();
  share_out(sequences * layout.options.heads, 1, [&](const auto& each) {
    const auto workspace =
        std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(workspace_floats));
    each([&](std::int64_t task, std::int64_t) { body(task % sequences, task / sequences, workspace.get()); });
  });
}

/// body(sequence, head, workspace) for all pairs, a head by one thread alone: its sums over the sequences are
/// made in their order, and so do not depend on the number of threads. Ends early with Stopped.
template <typename Body>
void for_each_head(const HeadLayout& layout, std::int64_t workspace_floats, const Body& body) {
  share_out(layout.options.heads, 1, [&, stop = StopFlag::of_thread()](const auto& each) {
    const auto workspace =
        std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(workspace_floats));
    each([&](std::int64_t head, std::int64_t) {
      for (std::int64_t sequence = 0; sequence < layout.sequences(); ++sequence) {
        stop.check();
        body(sequence, head, workspace.get());
      }
    });
  });
}

}  // namespace tagformer
