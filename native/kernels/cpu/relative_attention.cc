// XLNet's attention of one head over one sequence: content, relative position and segment in one row of
// scores.
//
// The position term of query i and key j depends on i - j alone. All distances of a query are one product
// with the encodings, and a query's row is a window of it: what transformers' `rel_shift` does by reshaping.
#include "kernels/cpu/attend.h"
#include "kernels/cpu/attention.h"

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

/// to[j] += the sum over the rows of from[i, j].
void add_column_sums(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t width,
                     float* to) {
  for (std::int64_t i = 0; i < rows; ++i) add_scaled(from + i * stride, 1.0F, width, to);
}

template <typename T>
class RelativeScores {
 public:
  RelativeScores(const AttentionPlace& place, const RelativePart<T>& part, Workspace& workspace)
      : place_(place),
        part_(part),
        lengths_(place),
        distances_(2 * place.keys - 1),
        distance_length_(padded(distances_ + kLanes, kLanes)),
        keys_by_row_(workspace.take(place.keys * lengths_.width)),
        keys_(workspace.take(place.head_dim * lengths_.length)),
        grad_keys_(workspace.take(place.keys * lengths_.width)),
        positions_by_row_(workspace.take(distances_ * lengths_.width)),
        positions_(workspace.take(place.head_dim * distance_length_)),
        grad_positions_(workspace.take(distances_ * lengths_.width)),
        content_(workspace.take(kQueryBlock * lengths_.width)),
        position_(workspace.take(kQueryBlock * lengths_.width)),
        segment_(workspace.take(kQueryBlock * lengths_.width)),
        grad_position_(workspace.take(kQueryBlock * lengths_.width)),
        grad_segment_(workspace.take(kQueryBlock * lengths_.width)),
        by_distance_(workspace.take(kQueryBlock * distance_length_)) {}

  void prepare(const T* k) {
    const std::int64_t width = lengths_.width;
    widen(k, place_.kv_stride, place_.keys, place_.head_dim, 1.0F, keys_by_row_, width);
    transpose(keys_by_row_, width, place_.keys, place_.head_dim, keys_, lengths_.length);
    widen(part_.positions, part_.position_stride, distances_, place_.head_dim, 1.0F, positions_by_row_,
          width);
    transpose(positions_by_row_, width, distances_, place_.head_dim, positions_, distance_length_);
  }

  void compute(const T* q, std::int64_t first, std::int64_t rows, float* scores) {
    const auto [width, length, columns] = lengths_;
    const T* const from = q + first * place_.q_stride;
    add_bias(from, rows, part_.content_bias, content_);
    add_bias(from, rows, part_.position_bias, position_);
    add_bias(from, rows, part_.segment_bias, segment_);
    product(rows, columns, place_.head_dim, {content_, width, 1}, keys_, length, scores, length, false);
    product(rows, distance_length_, place_.head_dim, {position_, width, 1}, positions_, distance_length_,
            by_distance_, distance_length_, false);
    for (std::int64_t i = 0; i < rows; ++i) {
      float* const row = scores + i * length;
      const float* const window = window_of(first, i);
      for (std::int64_t j = 0; j < columns; j += kLanes) store(row + j, load(row + j) + load(window + j));
      if (part_.types != nullptr) add_segments(first + i, segment_ + i * width, row);
    }
  }

  void clear_gradients() {
    clear(grad_keys_, place_.keys * lengths_.width);
    clear(grad_positions_, distances_ * lengths_.width);
  }

  void add_gradients(std::int64_t first, std::int64_t rows, const float* grad_scores, float* grad_queries,
                     const RelativeGradients& sums) {
    const auto [width, length, columns] = lengths_;
    clear(by_distance_, rows * distance_length_);
    clear(grad_segment_, rows * width);
    for (std::int64_t i = 0; i < rows; ++i) {
      const float* const g = grad_scores + i * length;
      std::memcpy(window_of(first, i), g, static_cast<std::size_t>(place_.keys) * sizeof(float));
      if (part_.types != nullptr) add_segment_gradients(first + i, i, g, sums);
    }
    // The queries carry the scale already, so what is multiplied with them needs no factor.
    product(place_.keys, width, rows, {grad_scores, 1, length}, content_, width, grad_keys_, width, true);
    product(distances_, width, rows, {by_distance_, 1, distance_length_}, position_, width, grad_positions_,
            width, true);
    product(rows, width, place_.keys, {grad_scores, length, 1}, keys_by_row_, width, grad_queries, width,
            false);
    product(rows, width, distances_, {by_distance_, distance_length_, 1}, positions_by_row_, width,
            grad_position_, width, false);
    multiply(grad_queries, rows * width, place_.scale);
    multiply(grad_position_, rows * width, place_.scale);
    add_column_sums(grad_queries, width, rows, place_.head_dim, sums.content_bias);
    add_column_sums(grad_position_, width, rows, place_.head_dim, sums.position_bias);
    add_column_sums(grad_segment_, width, rows, place_.head_dim, sums.segment_bias);
    add_scaled(grad_position_, 1.0F, rows * width, grad_queries);
    add_scaled(grad_segment_, 1.0F, rows * width, grad_queries);
  }

  void finish(T* grad_k, const RelativeGradients& sums) const {
    narrow(grad_keys_, lengths_.width, place_.keys, place_.head_dim, 1.0F, grad_k, place_.kv_stride);
    for (std::int64_t p = 0; p < distances_; ++p) {
      add_scaled(grad_positions_ + p * lengths_.width, 1.0F, place_.head_dim,
                 sums.positions + p * place_.head_dim);
    }
  }

 private:
  /// The distances of a query of the block that begins with `first`, among keys - 1, ..., -(keys - 1).
  [[nodiscard]] float* window_of(std::int64_t first, std::int64_t row) const {
    const std::int64_t query = part_.first_query + first + row;
    return by_distance_ + row * distance_length_ + place_.keys - 1 - query;
  }
  [[nodiscard]] bool same_segment(std::int64_t query, std::int64_t key) const {
    return part_.types[part_.first_query + query] == part_.types[key];
  }

  /// (q + bias) * scale for each row of a block.
  void add_bias(const T* q, std::int64_t rows, const float* bias, float* to) const {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < lengths_.width; j += kLanes) {
        const std::int64_t left = lanes_left(j, place_.head_dim);
        const Floats sum = load(q + i * place_.q_stride + j, left) + load(bias + j, left);
        store(to + i * lengths_.width + j, sum * place_.scale);
      }
    }
  }

  void add_segments(std::int64_t query, const float* row_of_segment, float* scores) const {
    float with[2] = {0.0F, 0.0F};
    for (int s = 0; s < 2; ++s) {
      for (std::int64_t d = 0; d < place_.head_dim; ++d) with[s] += row_of_segment[d] * part_.segments[s][d];
    }
    for (std::int64_t j = 0; j < place_.keys; ++j) scores[j] += same_segment(query, j) ? with[0] : with[1];
  }

  void add_segment_gradients(std::int64_t query, std::int64_t row, const float* grad_scores,
                             const RelativeGradients& sums) {
    float with[2] = {0.0F, 0.0F};
    for (std::int64_t j = 0; j < place_.keys; ++j) with[same_segment(query, j) ? 0 : 1] += grad_scores[j];
    for (int s = 0; s < 2; ++s) {
      add_scaled(part_.segments[s], with[s] * place_.scale, place_.head_dim,
                 grad_segment_ + row * lengths_.width);
      add_scaled(segment_ + row * lengths_.width, with[s], place_.head_dim, sums.segments[s]);
    }
  }

  const AttentionPlace& place_;
  const RelativePart<T>& part_;
  const RowLengths lengths_;
  const std::int64_t distances_, distance_length_;
  float* const keys_by_row_;
  float* const keys_;
  float* const grad_keys_;
  float* const positions_by_row_;
  float* const positions_;
  float* const grad_positions_;
  /// (q + bias) * scale of the present block, for each of the three terms, `[rows, width]`.
  float* const content_;
  float* const position_;
  float* const segment_;
  float* const grad_position_;
  float* const grad_segment_;
  /// Scores (or their gradients) by distance, `[rows, distance_length]`.
  float* const by_distance_;
};

}  // namespace

template <typename T>
void relative_attention_forward(const AttentionForward<T>& a, const RelativePart<T>& part, float* memory) {
  Workspace workspace(memory);
  RelativeScores<T> scores(a, part, workspace);
  attend(a, scores, workspace);
}

template <typename T>
void relative_attention_backward(const AttentionBackward<T>& a, const RelativePart<T>& part,
                                 const RelativeGradients& gradients, float* memory) {
  Workspace workspace(memory);
  RelativeScores<T> scores(a, part, workspace);
  attend_backward(a, scores, workspace, gradients);
}

template void relative_attention_forward(const AttentionForward<float>&, const RelativePart<float>&, float*);
template void relative_attention_forward(const AttentionForward<bf16>&, const RelativePart<bf16>&, float*);
template void relative_attention_backward(const AttentionBackward<float>&, const RelativePart<float>&,
                                          const RelativeGradients&, float*);
template void relative_attention_backward(const AttentionBackward<bf16>&, const RelativePart<bf16>&,
                                          const RelativeGradients&, float*);

}  // namespace tagformer::cpu::TAGFORMER_ISA
