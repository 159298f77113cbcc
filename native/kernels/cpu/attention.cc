// Attention of one head over one sequence, with everything in cache: scores are never written to memory.
//
// Inputs of either format are widened to float once; queries are taken in blocks, so that the scores of a block fit
// in L2 beside the keys. The backward pass recomputes the probabilities from the saved log-sum-exp (Dao et al.,
// "FlashAttention", 2022) and the dropout mask from its counter.
#include "kernels/cpu/attention.h"

#include "kernels/cpu/mask.h"
#include "kernels/cpu/product.h"

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

constexpr std::int64_t kQueryBlock = 32;

/// Row lengths in the workspace: whole registers, and whole mask blocks for rows of scores.
std::int64_t padded(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }

/// Hands out consecutive pieces of the workspace.
class Workspace {
 public:
  explicit Workspace(float* memory) : next_(memory) {}
  float* take(std::int64_t floats) {
    float* const piece = next_;
    next_ += padded(floats, 16);
    return piece;
  }

 private:
  float* next_;
};

/// rows x width of `from` as floats, scaled, with zeros up to `to_stride`.
template <typename T>
void widen(const T* from, std::int64_t stride, std::int64_t rows, std::int64_t width, float factor, float* to,
           std::int64_t to_stride) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < to_stride; j += kLanes) {
      const std::int64_t left = lanes_left(j, width);
      store(to + i * to_stride + j, left > 0 ? load(from + i * stride + j, left) * factor : Floats{});
    }
  }
}

/// The transpose of rows x width floats, with zeros up to `to_stride`.
void transpose(const float* from, std::int64_t from_stride, std::int64_t rows, std::int64_t width, float* to,
               std::int64_t to_stride) {
  for (std::int64_t j = 0; j < width; ++j) {
    float* const line = to + j * to_stride;
    for (std::int64_t i = 0; i < rows; ++i) line[i] = from[i * from_stride + j];
    for (std::int64_t i = rows; i < to_stride; ++i) line[i] = 0.0F;
  }
}

template <typename T>
void narrow(const float* from, std::int64_t from_stride, std::int64_t rows, std::int64_t width, float factor, T* to,
            std::int64_t stride) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      store(to + i * stride + j, load(from + i * from_stride + j) * factor, lanes_left(j, width));
    }
  }
}

/// Turns a row of scores into exponentials e^(score - shift), zero beyond `keys`; returns their sum.
float exponentials(float* row, std::int64_t keys, std::int64_t row_length, float shift) {
  Floats total{};
  std::int64_t j = 0;
  for (; j + kLanes <= keys; j += kLanes) {
    const Floats e = exponential(load(row + j) - shift);
    store(row + j, e);
    total += e;
  }
  for (; j < row_length; j += kLanes) {
    Floats e = exponential(load(row + j) - shift);
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      if (j + lane >= keys) e[lane] = 0.0F;
    }
    store(row + j, e);
    total += e;
  }
  return sum(total);
}

float largest_score(const float* row, std::int64_t keys) {
  Floats best = broadcast(row[0]);
  std::int64_t j = 0;
  for (; j + kLanes <= keys; j += kLanes) best = maximum(best, load(row + j));
  float result = largest(best);
  for (; j < keys; ++j) result = row[j] > result ? row[j] : result;
  return result;
}

void multiply(float* row, std::int64_t length, float factor) {
  for (std::int64_t j = 0; j < length; j += kLanes) store(row + j, load(row + j) * factor);
}

void multiply(float* row, std::int64_t length, const float* factors) {
  for (std::int64_t j = 0; j < length; j += kLanes) store(row + j, load(row + j) * load(factors + j));
}

}  // namespace

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
      const float best = largest_score(row, a.keys);
      const float total = exponentials(row, a.keys, columns, best);
      if (a.log_sum_exp != nullptr) a.log_sum_exp[first + i] = best + __builtin_logf(total);
      multiply(row, columns, 1.0F / total);
      if (a.dropout.active()) {
        mask_row(a.dropout, a.head, a.first_row + static_cast<std::uint32_t>(first + i), a.keys, mask);
        multiply(row, columns, mask);
      }
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
      float* const p = probabilities + i * length;
      float* const g = grad_scores + i * length;
      exponentials(p, a.keys, columns, a.log_sum_exp[first + i]);
      const bool dropout = a.dropout.active();
      if (dropout) {
        mask_row(a.dropout, a.head, a.first_row + static_cast<std::uint32_t>(first + i), a.keys, mask);
        multiply(g, columns, mask);
      }
      Floats total{};
      for (std::int64_t j = 0; j < columns; j += kLanes) total += load(p + j) * load(g + j);
      const float delta = sum(total);
      for (std::int64_t j = 0; j < columns; j += kLanes) {
        const Floats probability = load(p + j);
        store(g + j, probability * (load(g + j) - delta));
        if (dropout) store(p + j, probability * load(mask + j));
      }
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
