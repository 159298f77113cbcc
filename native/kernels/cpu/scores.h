// What the attention kernels share: a workspace, widened copies, and rows of scores.
#pragma once

#include "kernels/cpu/mask.h"
#include "kernels/cpu/product.h"

namespace tagformer::cpu::TAGFORMER_ISA {

/// Queries taken at once: their scores against all keys stay in L2.
constexpr std::int64_t kQueryBlock = 32;

/// Row lengths in the workspace: whole registers, and whole mask blocks for rows of scores.
TAGFORMER_INLINE std::int64_t padded(std::int64_t n, std::int64_t unit) {
  return (n + unit - 1) / unit * unit;
}

/// How long the rows are that a head of a sequence has in the workspace.
struct RowLengths {
  explicit RowLengths(const AttentionPlace& place)
      : width(padded(place.head_dim, kLanes)),
        // One register more: what a query attends to may begin anywhere, and is written in whole registers.
        length(padded(place.keys, kMaskBlock) + kLanes),
        columns(padded(place.keys, kLanes)) {}

  /// Of rows of queries, keys and values; of rows of scores; of what is computed of the latter.
  std::int64_t width, length, columns;
};

/// Keys from `begin` up to `end`.
struct Span {
  std::int64_t begin, end;

  [[nodiscard]] std::int64_t count() const { return end - begin; }
  /// In whole registers.
  [[nodiscard]] std::int64_t columns() const { return padded(count(), kLanes); }
};

/// The keys that a query attends to.
TAGFORMER_INLINE Span seen_by(const AttentionPlace& place, std::int64_t query) {
  return {query > place.window ? query - place.window : 0,
          place.keys - query > place.window ? query + place.window + 1 : place.keys};
}

/// The keys that some query of a block attends to, from a whole register on.
TAGFORMER_INLINE Span seen_by_block(const AttentionPlace& place, std::int64_t first, std::int64_t rows) {
  return {seen_by(place, first).begin / kLanes * kLanes, seen_by(place, first + rows - 1).end};
}

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
TAGFORMER_INLINE void widen(const T* from, std::int64_t stride, std::int64_t rows, std::int64_t width,
                            float factor, float* to, std::int64_t to_stride) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < to_stride; j += kLanes) {
      const std::int64_t left = lanes_left(j, width);
      store(to + i * to_stride + j, left > 0 ? load(from + i * stride + j, left) * factor : Floats{});
    }
  }
}

/// The transpose of rows x width floats, with zeros up to `to_stride`.
TAGFORMER_INLINE void transpose(const float* from, std::int64_t from_stride, std::int64_t rows,
                                std::int64_t width, float* to, std::int64_t to_stride) {
  for (std::int64_t j = 0; j < width; ++j) {
    float* const line = to + j * to_stride;
    for (std::int64_t i = 0; i < rows; ++i) line[i] = from[i * from_stride + j];
    for (std::int64_t i = rows; i < to_stride; ++i) line[i] = 0.0F;
  }
}

template <typename T>
TAGFORMER_INLINE void narrow(const float* from, std::int64_t from_stride, std::int64_t rows,
                             std::int64_t width, float factor, T* to, std::int64_t stride) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      store(to + i * stride + j, load(from + i * from_stride + j) * factor, lanes_left(j, width));
    }
  }
}

TAGFORMER_INLINE void clear(float* values, std::int64_t count) {
  std::memset(values, 0, static_cast<std::size_t>(count) * sizeof(float));
}

/// Adds factor * x to y.
TAGFORMER_INLINE void add_scaled(const float* x, float factor, std::int64_t width, float* y) {
  for (std::int64_t j = 0; j < width; j += kLanes) {
    const std::int64_t left = lanes_left(j, width);
    store(y + j, load(y + j, left) + load(x + j, left) * factor, left);
  }
}

/// Turns a row of scores into exponentials e^(score - shift), zero beyond `keys`; returns their sum.
TAGFORMER_INLINE float exponentials(float* row, std::int64_t keys, std::int64_t row_length, float shift) {
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

TAGFORMER_INLINE float largest_score(const float* row, std::int64_t keys) {
  Floats best = broadcast(row[0]);
  std::int64_t j = 0;
  for (; j + kLanes <= keys; j += kLanes) best = maximum(best, load(row + j));
  float result = largest(best);
  for (; j < keys; ++j) result = row[j] > result ? row[j] : result;
  return result;
}

TAGFORMER_INLINE void multiply(float* row, std::int64_t length, float factor) {
  for (std::int64_t j = 0; j < length; j += kLanes) store(row + j, load(row + j) * factor);
}

TAGFORMER_INLINE void multiply(float* row, std::int64_t length, const float* factors) {
  for (std::int64_t j = 0; j < length; j += kLanes) store(row + j, load(row + j) * load(factors + j));
}

/// Turns a row of scores into exponentials e^(score - shift) of what its query attends to, and zeros
/// elsewhere in the span of its block; returns their sum.
TAGFORMER_INLINE float exponentials(float* row, Span seen, Span span, float shift) {
  const float total = exponentials(row + seen.begin, seen.count(), seen.columns(), shift);
  clear(row + span.begin, seen.begin - span.begin);
  clear(row + seen.end, span.begin + span.columns() - seen.end);
  return total;
}

/// Turns a row of scores into probabilities; returns the log of the sum of their exponentials.
TAGFORMER_INLINE float softmax(float* row, Span seen, Span span) {
  const float best = largest_score(row + seen.begin, seen.count());
  const float total = exponentials(row, seen, span, best);
  multiply(row + span.begin, span.columns(), 1.0F / total);
  return best + __builtin_logf(total);
}

/// Applies the dropout of one query to its row; `mask` has room for whole blocks.
TAGFORMER_INLINE void drop(const AttentionPlace& place, std::int64_t query, float* row, Span span,
                           float* mask) {
  mask_row(place.dropout, place.head, place.first_row + static_cast<std::uint32_t>(query),
           span.begin / kMaskBlock * kMaskBlock, span.end, mask);
  multiply(row + span.begin, span.columns(), mask + span.begin);
}

/// From the gradient of the (dropped) probabilities to that of the scores, row by row. On return `p` holds
/// the dropped probabilities, which the values' gradient needs, and `g` the scores' gradient. `p` comes in as
/// scores.
TAGFORMER_INLINE void softmax_backward(const AttentionPlace& place, std::int64_t query, float log_sum_exp,
                                       float* p, float* g, Span span, float* mask) {
  exponentials(p, seen_by(place, query), span, log_sum_exp);
  const bool dropout = place.dropout.active();
  if (dropout) drop(place, query, g, span, mask);
  const std::int64_t end = span.begin + span.columns();
  Floats total{};
  for (std::int64_t j = span.begin; j < end; j += kLanes) total += load(p + j) * load(g + j);
  const float delta = sum(total);
  for (std::int64_t j = span.begin; j < end; j += kLanes) {
    const Floats probability = load(p + j);
    store(g + j, probability * (load(g + j) - delta));
    if (dropout) store(p + j, probability * load(mask + j));
  }
}

}  // namespace tagformer::cpu::TAGFORMER_ISA
