// DeBERTa's attention of one head over one sequence: content to content, content to position and position to
// content in one row of scores.
//
// Both position terms depend on a token and on the bucket of the distance to the other token. A block of
// queries sees few buckets more than there are keys, and a tile of 32 queries and 32 keys at most 63; the
// products of one token with one bucket are made once for all pairs that share them, then looked up.
#include "kernels/cpu/attend.h"
#include "kernels/cpu/attention.h"

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

/// Keys that the position-to-content term takes at once.
constexpr std::int64_t kKeyTile = kQueryBlock;
static_assert(kKeyTile % kLanes == 0 && kMaskBlock % kKeyTile == 0);

/// A range of queries, a range of keys, and the buckets of all distances between them.
struct Tile {
  std::int64_t first_query, queries, first_key, keys;
  std::int64_t first_bucket, buckets;
};

/// One of the two tables of positions: its rows that this sequence meets, and their gradient.
template <typename T>
class PositionTable {
 public:
  PositionTable(const T* table, std::int64_t stride, std::int64_t first, std::int64_t count,
                std::int64_t head_dim, std::int64_t width, Workspace& workspace)
      : rows_(workspace.take(table == nullptr ? 0 : count * width)),
        grad_rows_(workspace.take(table == nullptr ? 0 : count * width)),
        table_(table),
        stride_(stride),
        first_(first),
        count_(count),
        head_dim_(head_dim),
        width_(width) {}

  [[nodiscard]] bool exists() const { return table_ != nullptr; }
  void prepare(float factor) {
    widen(table_ + first_ * stride_, stride_, count_, head_dim_, factor, rows_, width_);
  }
  void clear_gradients() { clear(grad_rows_, count_ * width_); }
  /// The row of a bucket, and its gradient.
  [[nodiscard]] const float* row(std::int64_t bucket) const { return rows_ + (bucket - first_) * width_; }
  [[nodiscard]] float* grad_row(std::int64_t bucket) { return grad_rows_ + (bucket - first_) * width_; }

  /// Adds the gradients to rows of head_dim without gaps.
  void add_to(float* sums, float factor) const {
    for (std::int64_t i = 0; i < count_; ++i) {
      add_scaled(grad_rows_ + i * width_, factor, head_dim_, sums + (first_ + i) * head_dim_);
    }
  }

 private:
  float* rows_;
  float* grad_rows_;
  const T* table_;
  std::int64_t stride_, first_, count_, head_dim_, width_;
};

template <typename T>
class DisentangledScores {
 public:
  DisentangledScores(const AttentionPlace& place, const DisentangledPart<T>& part, Workspace& workspace)
      : place_(place),
        part_(part),
        lengths_(place),
        whole_(tile(0, place.queries, 0, place.keys)),
        content_(place, workspace),
        keys_(table_of(part.position_keys, workspace)),
        queries_(table_of(part.position_queries, workspace)),
        transposed_length_(padded(whole_.buckets + kLanes, kLanes)),
        transposed_keys_(workspace.take(keys_.exists() ? place.head_dim * transposed_length_ : 0)),
        by_query_length_(padded(place.keys + kQueryBlock, kLanes)),
        by_query_(workspace.take(by_query_length_ * kQueryBlock)),
        by_key_(workspace.take(2 * kKeyTile * kKeyTile)) {}

  void prepare(const T* k) {
    content_.prepare(k);
    if (keys_.exists()) {
      keys_.prepare(1.0F);
      transpose(keys_.row(whole_.first_bucket), lengths_.width, whole_.buckets, place_.head_dim,
                transposed_keys_, transposed_length_);
    }
    // The content queries carry the scale; here the content is the key, so the position carries it.
    if (queries_.exists()) queries_.prepare(place_.scale);
  }

  void compute(const T* q, std::int64_t first, std::int64_t rows, float* scores) {
    content_.compute(q, first, rows, scores);
    if (keys_.exists()) add_content_to_position(tile(first, rows, 0, place_.keys), scores);
    if (!queries_.exists()) return;
    for (std::int64_t key = 0; key < place_.keys; key += kKeyTile) {
      add_position_to_content(tile(first, rows, key, keys_of_tile(key)), scores);
    }
  }

  void clear_gradients() {
    content_.clear_gradients();
    if (keys_.exists()) keys_.clear_gradients();
    if (queries_.exists()) queries_.clear_gradients();
  }

  void add_gradients(std::int64_t first, std::int64_t rows, const float* grad_scores, float* grad_queries,
                     const DisentangledGradients&) {
    content_.add_gradients(first, rows, grad_scores, grad_queries);
    if (keys_.exists()) {
      add_content_to_position_gradients(tile(first, rows, 0, place_.keys), grad_scores, grad_queries);
    }
    if (!queries_.exists()) return;
    for (std::int64_t key = 0; key < place_.keys; key += kKeyTile) {
      add_position_to_content_gradients(tile(first, rows, key, keys_of_tile(key)), grad_scores);
    }
  }

  void finish(T* grad_k, const DisentangledGradients& sums) const {
    content_.finish(grad_k);
    if (keys_.exists()) keys_.add_to(sums.position_keys, 1.0F);
    if (queries_.exists()) queries_.add_to(sums.position_queries, place_.scale);
  }

 private:
  PositionTable<T> table_of(const T* table, Workspace& workspace) const {
    return {table,          part_.position_stride, whole_.first_bucket,
            whole_.buckets, place_.head_dim,       lengths_.width,
            workspace};
  }

  /// Buckets of the distances from a query to the keys, one after the other.
  [[nodiscard]] const std::int32_t* buckets_of(std::int64_t query) const {
    return part_.buckets + place_.keys - 1 - query;
  }

  [[nodiscard]] Tile tile(std::int64_t first_query, std::int64_t queries, std::int64_t first_key,
                          std::int64_t keys) const {
    const std::int32_t lowest = buckets_of(first_query + queries - 1)[first_key];
    const std::int32_t highest = buckets_of(first_query)[first_key + keys - 1];
    return {first_query, queries, first_key, keys, lowest, highest - lowest + 1};
  }

  [[nodiscard]] std::int64_t keys_of_tile(std::int64_t first) const {
    return place_.keys - first < kKeyTile ? place_.keys - first : kKeyTile;
  }

  /// body(row of the tile, key of the tile, bucket of the tile, index in the scores) for all pairs.
  template <typename Body>
  void for_pairs(const Tile& t, const Body& body) const {
    for (std::int64_t i = 0; i < t.queries; ++i) {
      const std::int32_t* const buckets = buckets_of(t.first_query + i) + t.first_key;
      const std::int64_t row = i * lengths_.length + t.first_key;
      for (std::int64_t j = 0; j < t.keys; ++j) body(i, j, buckets[j] - t.first_bucket, row + j);
    }
  }

  /// The queries are those of the content's present block.
  void add_content_to_position(const Tile& t, float* scores) {
    product(t.queries, padded(t.buckets, kLanes), place_.head_dim, {content_.queries, lengths_.width, 1},
            transposed_keys_ + (t.first_bucket - whole_.first_bucket), transposed_length_, by_query_,
            by_query_length_, false);
    for_pairs(t, [&](std::int64_t i, std::int64_t, std::int64_t bucket, std::int64_t at) {
      scores[at] += by_query_[i * by_query_length_ + bucket];
    });
  }

  void add_position_to_content(const Tile& t, float* scores) {
    product(t.buckets, kKeyTile, place_.head_dim, {queries_.row(t.first_bucket), lengths_.width, 1},
            content_.keys + t.first_key, lengths_.length, by_key_, kKeyTile, false);
    for_pairs(t, [&](std::int64_t, std::int64_t j, std::int64_t bucket, std::int64_t at) {
      scores[at] += by_key_[bucket * kKeyTile + j];
    });
  }

  void add_content_to_position_gradients(const Tile& t, const float* grad_scores, float* grad_queries) {
    const std::int64_t width = lengths_.width;
    clear(by_query_, t.queries * by_query_length_);
    for_pairs(t, [&](std::int64_t i, std::int64_t, std::int64_t bucket, std::int64_t at) {
      by_query_[i * by_query_length_ + bucket] += grad_scores[at];
    });
    product(t.buckets, width, t.queries, {by_query_, 1, by_query_length_}, content_.queries, width,
            keys_.grad_row(t.first_bucket), width, true);
    // The queries' own gradient needs the scale that `content_.queries` has and the positions have not.
    multiply(by_query_, t.queries * by_query_length_, place_.scale);
    product(t.queries, width, t.buckets, {by_query_, by_query_length_, 1}, keys_.row(t.first_bucket), width,
            grad_queries, width, true);
  }

  void add_position_to_content_gradients(const Tile& t, const float* grad_scores) {
    const std::int64_t width = lengths_.width;
    clear(by_key_, t.buckets * kKeyTile);
    for_pairs(t, [&](std::int64_t, std::int64_t j, std::int64_t bucket, std::int64_t at) {
      by_key_[bucket * kKeyTile + j] += grad_scores[at];
    });
    product(t.buckets, width, t.keys, {by_key_, kKeyTile, 1}, content_.keys_by_row + t.first_key * width,
            width, queries_.grad_row(t.first_bucket), width, true);
    product(t.keys, width, t.buckets, {by_key_, 1, kKeyTile}, queries_.row(t.first_bucket), width,
            content_.grad_keys + t.first_key * width, width, true);
  }

  const AttentionPlace& place_;
  const DisentangledPart<T>& part_;
  const RowLengths lengths_;
  const Tile whole_;
  ContentScores<T> content_;
  PositionTable<T> keys_;
  PositionTable<T> queries_;
  /// The table of keys, `[head_dim, transposed_length]`.
  const std::int64_t transposed_length_;
  float* const transposed_keys_;
  /// What queries and buckets give, `[kQueryBlock, by_query_length]`, and buckets and keys,
  /// `[buckets, kKeyTile]`.
  const std::int64_t by_query_length_;
  float* const by_query_;
  float* const by_key_;
};

}  // namespace

template <typename T>
void disentangled_attention_forward(const AttentionForward<T>& a, const DisentangledPart<T>& part,
                                    float* memory) {
  Workspace workspace(memory);
  DisentangledScores<T> scores(a, part, workspace);
  attend(a, scores, workspace);
}

template <typename T>
void disentangled_attention_backward(const AttentionBackward<T>& a, const DisentangledPart<T>& part,
                                     const DisentangledGradients& gradients, float* memory) {
  Workspace workspace(memory);
  DisentangledScores<T> scores(a, part, workspace);
  attend_backward(a, scores, workspace, gradients);
}

template void disentangled_attention_forward(const AttentionForward<float>&, const DisentangledPart<float>&,
                                             float*);
template void disentangled_attention_forward(const AttentionForward<bf16>&, const DisentangledPart<bf16>&,
                                             float*);
template void disentangled_attention_backward(const AttentionBackward<float>&, const DisentangledPart<float>&,
                                              const DisentangledGradients&, float*);
template void disentangled_attention_backward(const AttentionBackward<bf16>&, const DisentangledPart<bf16>&,
                                              const DisentangledGradients&, float*);

}  // namespace tagformer::cpu::TAGFORMER_ISA
