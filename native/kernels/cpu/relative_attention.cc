// XLNet's attention of one head over one sequence: content, relative position and segment in one row of
// scores.
//
// The position term of query i and key j depends on i - j alone. All distances of a query are one product
// with the encodings, and a query's row is a window of it: what transformers' `rel_shift` does by reshaping.
#include "kernels/cpu/attention.h"
#include "kernels/cpu/scores.h"

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

/// What forward and backward both need of a sequence: widened keys and positions, and the scores of query
/// blocks.
template <typename T>
class RelativeScores {
 public:
  RelativeScores(const AttentionPlace& place, const RelativePart<T>& relative, Workspace& workspace)
      : place_(place),
        relative_(relative),
        width_(padded(place.head_dim, kLanes)),
        length_(padded(place.keys, kMaskBlock)),
        distances_(2 * place.keys - 1),
        distance_length_(padded(distances_ + kLanes, kLanes)),
        keys_by_row(workspace.take(place.keys * width_)),
        positions_by_row(workspace.take(distances_ * width_)),
        content(workspace.take(kQueryBlock * width_)),
        position(workspace.take(kQueryBlock * width_)),
        segment(workspace.take(kQueryBlock * width_)),
        by_distance(workspace.take(kQueryBlock * distance_length_)),
        keys_(workspace.take(place.head_dim * length_)),
        positions_(workspace.take(place.head_dim * distance_length_)) {}

  void prepare(const T* k) {
    widen(k, place_.kv_stride, place_.keys, place_.head_dim, 1.0F, keys_by_row, width_);
    transpose(keys_by_row, width_, place_.keys, place_.head_dim, keys_, length_);
    widen(relative_.positions, relative_.position_stride, distances_, place_.head_dim, 1.0F, positions_by_row,
          width_);
    transpose(positions_by_row, width_, distances_, place_.head_dim, positions_, distance_length_);
  }

  /// Scores of `rows` queries from `first` on, `[rows, length]`, with the scale in them.
  void compute(const T* q, std::int64_t first, std::int64_t rows, float* scores) {
    const T* const from = q + first * place_.q_stride;
    add_bias(from, rows, relative_.content_bias, content);
    add_bias(from, rows, relative_.position_bias, position);
    add_bias(from, rows, relative_.segment_bias, segment);
    product(rows, columns(), place_.head_dim, {content, width_, 1}, keys_, length_, scores, length_, false);
    product(rows, distance_length_, place_.head_dim, {position, width_, 1}, positions_, distance_length_,
            by_distance, distance_length_, false);
    for (std::int64_t i = 0; i < rows; ++i) {
      float* const row = scores + i * length_;
      const float* const window = by_distance + i * distance_length_ + window_of(first + i);
      for (std::int64_t j = 0; j < columns(); j += kLanes) store(row + j, load(row + j) + load(window + j));
      if (relative_.types != nullptr) add_segments(first + i, segment + i * width_, row);
    }
  }

  /// Where the window of a query begins among the distances keys - 1, ..., -(keys - 1).
  [[nodiscard]] std::int64_t window_of(std::int64_t query) const {
    return place_.keys - 1 - (relative_.first_query + query);
  }
  [[nodiscard]] bool same_segment(std::int64_t query, std::int64_t key) const {
    return relative_.types[relative_.first_query + query] == relative_.types[key];
  }

  [[nodiscard]] std::int64_t width() const { return width_; }
  [[nodiscard]] std::int64_t length() const { return length_; }
  [[nodiscard]] std::int64_t columns() const { return padded(place_.keys, kLanes); }
  [[nodiscard]] std::int64_t distances() const { return distances_; }
  [[nodiscard]] std::int64_t distance_length() const { return distance_length_; }

 private:
  /// (q + bias) * scale for each row of a block.
  void add_bias(const T* q, std::int64_t rows, const float* bias, float* to) const {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < width_; j += kLanes) {
        const std::int64_t left = lanes_left(j, place_.head_dim);
        const Floats sum = load(q + i * place_.q_stride + j, left) + load(bias + j, left);
        store(to + i * width_ + j, sum * place_.scale);
      }
    }
  }

  void add_segments(std::int64_t query, const float* row_of_segment, float* scores) const {
    float with[2] = {0.0F, 0.0F};
    for (int s = 0; s < 2; ++s) {
      for (std::int64_t d = 0; d < place_.head_dim; ++d)
        with[s] += row_of_segment[d] * relative_.segments[s][d];
    }
    for (std::int64_t j = 0; j < place_.keys; ++j) scores[j] += same_segment(query, j) ? with[0] : with[1];
  }

  const AttentionPlace& place_;
  const RelativePart<T>& relative_;
  std::int64_t width_, length_, distances_, distance_length_;

 public:
  float* const keys_by_row;
  float* const positions_by_row;
  /// (q + bias) * scale of the present block, for each of the three terms, `[rows, width]`.
  float* const content;
  float* const position;
  float* const segment;
  /// Scores (or their gradients) by distance, `[rows, distance_length]`.
  float* const by_distance;

 private:
  float* const keys_;
  float* const positions_;
};

/// to[j] += the sum over the rows of from[i, j].
void add_column_sums(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t width,
                     float* to) {
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      const std::int64_t left = lanes_left(j, width);
      store(to + j, load(to + j, left) + load(from + i * stride + j, left), left);
    }
  }
}

/// Adds factor * x to y.
void add_scaled(const float* x, float factor, std::int64_t width, float* y) {
  for (std::int64_t j = 0; j < width; j += kLanes) {
    const std::int64_t left = lanes_left(j, width);
    store(y + j, load(y + j, left) + load(x + j, left) * factor, left);
  }
}

}  // namespace

template <typename T>
void relative_attention_forward(const AttentionForward<T>& a, const RelativePart<T>& relative,
                                float* memory) {
  Workspace workspace(memory);
  RelativeScores<T> relative_scores(a, relative, workspace);
  const std::int64_t width = relative_scores.width();
  const std::int64_t length = relative_scores.length();
  const std::int64_t columns = relative_scores.columns();
  float* const values = workspace.take(a.keys * width);
  float* const scores = workspace.take(kQueryBlock * length);
  float* const result = workspace.take(kQueryBlock * width);
  float* const mask = workspace.take(length);

  relative_scores.prepare(a.k);
  widen(a.v, a.kv_stride, a.keys, a.head_dim, 1.0F, values, width);
  for (std::int64_t first = 0; first < a.queries; first += kQueryBlock) {
    const std::int64_t rows = a.queries - first < kQueryBlock ? a.queries - first : kQueryBlock;
    relative_scores.compute(a.q, first, rows, scores);
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
void relative_attention_backward(const AttentionBackward<T>& a, const RelativePart<T>& relative,
                                 const RelativeGradients& gradients, float* memory) {
  Workspace workspace(memory);
  RelativeScores<T> relative_scores(a, relative, workspace);
  const std::int64_t width = relative_scores.width();
  const std::int64_t length = relative_scores.length();
  const std::int64_t columns = relative_scores.columns();
  const std::int64_t distances = relative_scores.distances();
  const std::int64_t distance_length = relative_scores.distance_length();
  float* const values = workspace.take(a.head_dim * length);
  float* const grad_keys = workspace.take(a.keys * width);
  float* const grad_values = workspace.take(a.keys * width);
  float* const grad_positions = workspace.take(distances * width);
  float* const grad_out = workspace.take(kQueryBlock * width);
  float* const grad_content = workspace.take(kQueryBlock * width);
  float* const grad_position = workspace.take(kQueryBlock * width);
  float* const grad_segment = workspace.take(kQueryBlock * width);
  float* const probabilities = workspace.take(kQueryBlock * length);
  float* const grad_scores = workspace.take(kQueryBlock * length);
  float* const mask = workspace.take(length);
  const auto clear = [](float* values_to_clear, std::int64_t count) {
    std::memset(values_to_clear, 0, static_cast<std::size_t>(count) * sizeof(float));
  };

  relative_scores.prepare(a.k);
  // The values' rows are only needed transposed; grad_values serves as their scratch.
  widen(a.v, a.kv_stride, a.keys, a.head_dim, 1.0F, grad_values, width);
  transpose(grad_values, width, a.keys, a.head_dim, values, length);
  clear(grad_keys, a.keys * width);
  clear(grad_values, a.keys * width);
  clear(grad_positions, distances * width);

  for (std::int64_t first = 0; first < a.queries; first += kQueryBlock) {
    const std::int64_t rows = a.queries - first < kQueryBlock ? a.queries - first : kQueryBlock;
    relative_scores.compute(a.q, first, rows, probabilities);
    widen(a.grad_out + first * a.out_stride, a.out_stride, rows, a.head_dim, 1.0F, grad_out, width);
    product(rows, columns, a.head_dim, {grad_out, width, 1}, values, length, grad_scores, length, false);
    clear(relative_scores.by_distance, rows * distance_length);
    clear(grad_segment, rows * width);
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t query = first + i;
      float* const g = grad_scores + i * length;
      softmax_backward(a, query, a.log_sum_exp[query], probabilities + i * length, g, columns, mask);
      float* const window =
          relative_scores.by_distance + i * distance_length + relative_scores.window_of(query);
      std::memcpy(window, g, static_cast<std::size_t>(a.keys) * sizeof(float));
      if (relative.types == nullptr) continue;
      float with[2] = {0.0F, 0.0F};
      for (std::int64_t j = 0; j < a.keys; ++j) with[relative_scores.same_segment(query, j) ? 0 : 1] += g[j];
      for (int s = 0; s < 2; ++s) {
        add_scaled(relative.segments[s], with[s] * a.scale, a.head_dim, grad_segment + i * width);
        add_scaled(relative_scores.segment + i * width, with[s], a.head_dim, gradients.segments[s]);
      }
    }
    product(a.keys, width, rows, {probabilities, 1, length}, grad_out, width, grad_values, width, true);
    // The queries carry the scale already, so what is multiplied with them needs no factor.
    product(a.keys, width, rows, {grad_scores, 1, length}, relative_scores.content, width, grad_keys, width,
            true);
    product(distances, width, rows, {relative_scores.by_distance, 1, distance_length},
            relative_scores.position, width, grad_positions, width, true);
    product(rows, width, a.keys, {grad_scores, length, 1}, relative_scores.keys_by_row, width, grad_content,
            width, false);
    product(rows, width, distances, {relative_scores.by_distance, distance_length, 1},
            relative_scores.positions_by_row, width, grad_position, width, false);
    multiply(grad_content, rows * width, a.scale);
    multiply(grad_position, rows * width, a.scale);
    add_column_sums(grad_content, width, rows, a.head_dim, gradients.content_bias);
    add_column_sums(grad_position, width, rows, a.head_dim, gradients.position_bias);
    add_column_sums(grad_segment, width, rows, a.head_dim, gradients.segment_bias);
    add_scaled(grad_position, 1.0F, rows * width, grad_content);
    add_scaled(grad_segment, 1.0F, rows * width, grad_content);
    narrow(grad_content, width, rows, a.head_dim, 1.0F, a.grad_q + first * a.q_stride, a.q_stride);
  }
  narrow(grad_keys, width, a.keys, a.head_dim, 1.0F, a.grad_k, a.kv_stride);
  narrow(grad_values, width, a.keys, a.head_dim, 1.0F, a.grad_v, a.kv_stride);
  for (std::int64_t p = 0; p < distances; ++p) {
    add_scaled(grad_positions + p * width, 1.0F, a.head_dim, gradients.positions + p * a.head_dim);
  }
}

template void relative_attention_forward(const AttentionForward<float>&, const RelativePart<float>&, float*);
template void relative_attention_forward(const AttentionForward<bf16>&, const RelativePart<bf16>&, float*);
template void relative_attention_backward(const AttentionBackward<float>&, const RelativePart<float>&,
                                          const RelativeGradients&, float*);
template void relative_attention_backward(const AttentionBackward<bf16>&, const RelativePart<bf16>&,
                                          const RelativeGradients&, float*);

}  // namespace tagformer::cpu::TAGFORMER_ISA
