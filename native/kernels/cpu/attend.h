// The passes over blocks of queries that the attention kernels share, with everything in cache: scores are
// never written to memory.
//
// Inputs of either format are widened to float once; queries are taken in blocks, so that the scores of a
// block fit in L2 beside the keys. The backward pass recomputes the probabilities from the saved log-sum-exp
// (Dao et al., "FlashAttention", 2022) and the dropout mask from its counter.
//
// What a score is made of is each kernel's own `Scores`:
//   prepare(k)                                     before anything else
//   compute(q, first, rows, scores)                scores of a block of queries, `[rows, length]`, scaled
//   clear_gradients()                              before the first add_gradients
//   add_gradients(first, rows, grad_scores, grad_queries, sums...)
//                                                  of the block that compute was last called for; writes the
//                                                  queries' gradient, `[rows, width]`
//   finish(grad_k, sums...)                        writes and adds what was summed over all blocks
// `sums` are the gradients of what the sequences of a batch share; plain attention has none.
#pragma once

#include "kernels/cpu/rotary.h"
#include "kernels/cpu/scores.h"

namespace tagformer::cpu::TAGFORMER_ISA {

TAGFORMER_INLINE std::int64_t rows_of_block(const AttentionPlace& place, std::int64_t first) {
  return place.queries - first < kQueryBlock ? place.queries - first : kQueryBlock;
}

template <typename T, typename Scores>
void attend(const AttentionForward<T>& a, Scores& scores_of, Workspace& workspace) {
  const RowLengths lengths(a);
  float* const values = workspace.take(a.keys * lengths.width);
  float* const scores = workspace.take(kQueryBlock * lengths.length);
  float* const result = workspace.take(kQueryBlock * lengths.width);
  float* const mask = workspace.take(lengths.length);

  scores_of.prepare(a.k);
  widen(a.v, a.kv_stride, a.keys, a.head_dim, 1.0F, values, lengths.width);
  for (std::int64_t first = 0; first < a.queries; first += kQueryBlock) {
    const std::int64_t rows = rows_of_block(a, first);
    const Span span = seen_by_block(a, first, rows);
    scores_of.compute(a.q, first, rows, scores);
    for (std::int64_t i = 0; i < rows; ++i) {
      float* const row = scores + i * lengths.length;
      const float log_sum_exp = softmax(row, seen_by(a, first + i), span);
      if (a.log_sum_exp != nullptr) a.log_sum_exp[first + i] = log_sum_exp;
      if (a.dropout.active()) drop(a, first + i, row, span, mask);
    }
    product(rows, lengths.width, span.count(), {scores + span.begin, lengths.length, 1},
            values + span.begin * lengths.width, lengths.width, result, lengths.width, false);
    narrow(result, lengths.width, rows, a.head_dim, 1.0F, a.out + first * a.out_stride, a.out_stride);
  }
}

template <typename T, typename Scores, typename... Sums>
void attend_backward(const AttentionBackward<T>& a, Scores& scores_of, Workspace& workspace,
                     const Sums&... sums) {
  const RowLengths lengths(a);
  const std::int64_t width = lengths.width;
  const std::int64_t length = lengths.length;
  float* const values = workspace.take(a.head_dim * length);
  float* const grad_values = workspace.take(a.keys * width);
  float* const grad_out = workspace.take(kQueryBlock * width);
  float* const grad_queries = workspace.take(kQueryBlock * width);
  float* const probabilities = workspace.take(kQueryBlock * length);
  float* const grad_scores = workspace.take(kQueryBlock * length);
  float* const mask = workspace.take(length);

  scores_of.prepare(a.k);
  scores_of.clear_gradients();
  // The values' rows are only needed transposed; grad_values serves as their scratch.
  widen(a.v, a.kv_stride, a.keys, a.head_dim, 1.0F, grad_values, width);
  transpose(grad_values, width, a.keys, a.head_dim, values, length);
  clear(grad_values, a.keys * width);
  for (std::int64_t first = 0; first < a.queries; first += kQueryBlock) {
    const std::int64_t rows = rows_of_block(a, first);
    const Span span = seen_by_block(a, first, rows);
    scores_of.compute(a.q, first, rows, probabilities);
    widen(a.grad_out + first * a.out_stride, a.out_stride, rows, a.head_dim, 1.0F, grad_out, width);
    product(rows, span.columns(), a.head_dim, {grad_out, width, 1}, values + span.begin, length,
            grad_scores + span.begin, length, false);
    for (std::int64_t i = 0; i < rows; ++i) {
      softmax_backward(a, first + i, a.log_sum_exp[first + i], probabilities + i * length,
                       grad_scores + i * length, span, mask);
    }
    product(span.count(), width, rows, {probabilities + span.begin, 1, length}, grad_out, width,
            grad_values + span.begin * width, width, true);
    scores_of.add_gradients(first, rows, grad_scores, grad_queries, sums...);
    narrow(grad_queries, width, rows, a.head_dim, 1.0F, a.grad_q + first * a.q_stride, a.q_stride);
  }
  scores_of.finish(a.grad_k, sums...);
  narrow(grad_values, width, a.keys, a.head_dim, 1.0F, a.grad_v, a.kv_stride);
}

/// q . k, which every kernel has among its terms.
template <typename T>
class ContentScores {
 public:
  ContentScores(const AttentionPlace& place, Workspace& workspace)
      : place_(place),
        lengths_(place),
        keys_by_row(workspace.take(place.keys * lengths_.width)),
        keys(workspace.take(place.head_dim * lengths_.length)),
        grad_keys(workspace.take(place.keys * lengths_.width)),
        queries(workspace.take(kQueryBlock * lengths_.width)) {}

  void prepare(const T* k) {
    widen(k, place_.kv_stride, place_.keys, place_.head_dim, 1.0F, keys_by_row, lengths_.width);
    rotate(place_.rotary, Turn::kForwards, 0, place_.keys, place_.head_dim, keys_by_row, lengths_.width);
    transpose(keys_by_row, lengths_.width, place_.keys, place_.head_dim, keys, lengths_.length);
  }

  void compute(const T* q, std::int64_t first, std::int64_t rows, float* scores) {
    widen(q + first * place_.q_stride, place_.q_stride, rows, place_.head_dim, place_.scale, queries,
          lengths_.width);
    rotate(place_.rotary, Turn::kForwards, first, rows, place_.head_dim, queries, lengths_.width);
    const Span span = seen_by_block(place_, first, rows);
    product(rows, span.columns(), place_.head_dim, {queries, lengths_.width, 1}, keys + span.begin,
            lengths_.length, scores + span.begin, lengths_.length, false);
  }

  void clear_gradients() { clear(grad_keys, place_.keys * lengths_.width); }

  void add_gradients(std::int64_t first, std::int64_t rows, const float* grad_scores, float* grad_queries) {
    const std::int64_t width = lengths_.width;
    const std::int64_t length = lengths_.length;
    const Span span = seen_by_block(place_, first, rows);
    // The queries carry the scale already, so the keys' gradient needs no factor.
    product(span.count(), width, rows, {grad_scores + span.begin, 1, length}, queries, width,
            grad_keys + span.begin * width, width, true);
    product(rows, width, span.count(), {grad_scores + span.begin, length, 1},
            keys_by_row + span.begin * width, width, grad_queries, width, false);
    multiply(grad_queries, rows * width, place_.scale);
    rotate(place_.rotary, Turn::kBackwards, first, rows, place_.head_dim, grad_queries, width);
  }

  void finish(T* grad_k) const {
    rotate(place_.rotary, Turn::kBackwards, 0, place_.keys, place_.head_dim, grad_keys, lengths_.width);
    narrow(grad_keys, lengths_.width, place_.keys, place_.head_dim, 1.0F, grad_k, place_.kv_stride);
  }

 private:
  const AttentionPlace& place_;
  const RowLengths lengths_;

 public:
  /// `[keys, width]`, and transposed, `[head_dim, length]`.
  float* const keys_by_row;
  float* const keys;
  float* const grad_keys;
  /// The present block, scaled, `[rows, width]`.
  float* const queries;
};

}  // namespace tagformer::cpu::TAGFORMER_ISA
