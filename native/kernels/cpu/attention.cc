// Attention of one head over one sequence, with everything in cache: scores are never written to memory.
//
// Inputs of either format are widened to float once; queries are taken in blocks, so that the scores of a
// block fit in L2 beside the keys. The backward pass recomputes the probabilities from the saved log-sum-exp
// (Dao et al., "FlashAttention", 2022) and the dropout mask from its counter.
#include "kernels/cpu/attention.h"

#include "kernels/cpu/scores.h"

namespace tagformer::cpu::TAGFORMER_ISA {

template <typename T>
void attention_forward(const AttentionForward<T>& a, float* memory) {
  const std::int64_t width = padded(a.head_dim, kLanes);
  const std::int64_t length = padded(a.keys, kMaskBlock);
  Workspace workspace(memory);
  float* const keys_by_row = workspace.take(a.keys * width);
  float* const keys = workspace.take(a.head_dim * length);
  float* const values = workspace.take(a.keys * width);
  float* const queries = workspace.take(kQueryBlock * width);
  float* const scores = workspace.take(kQueryBlock * length);
  float* const result = workspace.take(kQueryBlock * width);
  float* const mask = workspace.take(length);

  const std::int64_t columns = padded(a.keys, kLanes);
  widen(a.k, a.kv_stride, a.keys, a.head_dim, 1.0F, keys_by_row, width);
  transpose(keys_by_row, width, a.keys, a.head_dim, keys, length);
  widen(a.v, a.kv_stride, a.keys, a.head_dim, 1.0F, values, width);
  for (std::int64_t first = 0; first < a.queries; first += kQueryBlock) {
    const std::int64_t rows = a.queries - first < kQueryBlock ? a.queries - first : kQueryBlock;
    widen(a.q + first * a.q_stride, a.q_stride, rows, a.head_dim, a.scale, queries, width);
    product(rows, columns, a.head_dim, {queries, width, 1}, keys, length, scores, length, false);
    for (std::int64_t i = 0; i < rows; ++i) {
      float* const row = scores + i * length;
      const float log_sum_exp = softmax(row, a.keys, columns);
      if (a.log_sum_exp != nullptr) a.log_sum_exp[first + i] = log_sum_exp;
      if (a.dropout.active()) drop(a, first + i, row, columns, mask);
    }
    product(rows, width, a.keys, {scores, length, 1}, values, width, result, width, false);
    narrow(result, width, rows, a.head_dim, 1.0F, a.out + first * a.out_stride, a.out_stride);
  }
}

template <typename T>
void attention_backward(const AttentionBackward<T>& a, float* memory) {
  const std::int64_t width = padded(a.head_dim, kLanes);
  const std::int64_t length = padded(a.keys, kMaskBlock);
  Workspace workspace(memory);
  float* const keys_by_row = workspace.take(a.keys * width);
  float* const keys = workspace.take(a.head_dim * length);
  float* const values = workspace.take(a.head_dim * length);
  float* const grad_keys = workspace.take(a.keys * width);
  float* const grad_values = workspace.take(a.keys * width);
  float* const queries = workspace.take(kQueryBlock * width);
  float* const grad_out = workspace.take(kQueryBlock * width);
  float* const probabilities = workspace.take(kQueryBlock * length);
  float* const grad_scores = workspace.take(kQueryBlock * length);
  float* const mask = workspace.take(length);

  const std::int64_t columns = padded(a.keys, kLanes);
  // The values' rows are only needed transposed; grad_values serves as their scratch.
  widen(a.v, a.kv_stride, a.keys, a.head_dim, 1.0F, grad_values, width);
  transpose(grad_values, width, a.keys, a.head_dim, values, length);
  widen(a.k, a.kv_stride, a.keys, a.head_dim, 1.0F, keys_by_row, width);
  transpose(keys_by_row, width, a.keys, a.head_dim, keys, length);
  std::memset(grad_keys, 0, static_cast<std::size_t>(a.keys * width) * sizeof(float));
  std::memset(grad_values, 0, static_cast<std::size_t>(a.keys * width) * sizeof(float));

  for (std::int64_t first = 0; first < a.queries; first += kQueryBlock) {
    const std::int64_t rows = a.queries - first < kQueryBlock ? a.queries - first : kQueryBlock;
    widen(a.q + first * a.q_stride, a.q_stride, rows, a.head_dim, a.scale, queries, width);
    widen(a.grad_out + first * a.out_stride, a.out_stride, rows, a.head_dim, 1.0F, grad_out, width);
    product(rows, columns, a.head_dim, {queries, width, 1}, keys, length, probabilities, length, false);
    product(rows, columns, a.head_dim, {grad_out, width, 1}, values, length, grad_scores, length, false);
    for (std::int64_t i = 0; i < rows; ++i) {
      softmax_backward(a, first + i, a.log_sum_exp[first + i], probabilities + i * length,
                       grad_scores + i * length, columns, mask);
    }
    product(a.keys, width, rows, {probabilities, 1, length}, grad_out, width, grad_values, width, true);
    // The queries carry the scale already, so grad_keys needs no factor.
    product(a.keys, width, rows, {grad_scores, 1, length}, queries, width, grad_keys, width, true);
    product(rows, width, a.keys, {grad_scores, length, 1}, keys_by_row, width, grad_out, width, false);
    narrow(grad_out, width, rows, a.head_dim, a.scale, a.grad_q + first * a.q_stride, a.q_stride);
  }
  narrow(grad_keys, width, a.keys, a.head_dim, 1.0F, a.grad_k, a.kv_stride);
  narrow(grad_values, width, a.keys, a.head_dim, 1.0F, a.grad_v, a.kv_stride);
}

template void attention_forward(const AttentionForward<float>&, float*);
template void attention_forward(const AttentionForward<bf16>&, float*);
template void attention_backward(const AttentionBackward<float>&, float*);
template void attention_backward(const AttentionBackward<bf16>&, float*);

}  // namespace tagformer::cpu::TAGFORMER_ISA
