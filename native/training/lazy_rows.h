// The table of word embeddings in training: rows without a gradient are updated when they are next read.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "kernels/cpu/kernels.h"
#include "runtime/stop.h"
#include "training/row_gradients.h"
#include "weights/parameters.h"

namespace tagformer {

/// AdamW's moments of a parameter, of its shape: the running means of its gradient and of the square; and the
/// average of the weights, undefined where none is kept.
struct Moments {
  at::Tensor mean, square, average;
};

/// AdamW changes every row in every step: weights and moments decay. For a row without a gradient these
/// updates are deferred until it is next read, and are then made one after the other, by the same kernel with
/// a gradient of zeros. So the numbers are those of updating the whole table in each step, bit for bit,
/// without passing a hundred megabytes through the cache each time.
class LazyRows {
 public:
  /// Of a table that is trained, all of whose rows have had every update so far. `moments` are written to;
  /// `fresh` says that they are zeros, which need not be read.
  LazyRows(const Parameter& table, Moments moments, bool fresh);

  /// The rows of token ids, up to date, as a leaf of the graph, for Batch::words.
  at::Tensor look_up(const at::Tensor& ids);
  /// One step of AdamW: rows with a gradient are updated, the update of others is deferred.
  void update(const cpu::AdamWStep& step, const RowGradients& gradients);
  /// Applies all deferred updates; call it before anything else reads or writes the table or its moments.
  /// Throws Stopped, and then some rows still lack theirs.
  void apply_pending();

 private:
  /// Those of `rows` that lack updates, each once.
  [[nodiscard]] std::vector<std::int64_t> behind(std::span<const std::int64_t> rows) const;
  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(done_.size()); }
  /// Brings `rows` up to date, each of which is named once, with all threads; a row gets all or none of its
  /// updates.
  void bring_up_to_date(const std::vector<std::int64_t>& rows, StopFlag stop);
  void bring_up_to_date(std::int64_t row, const float* no_gradient, float* no_means);

  /// The first element of a row's average; null where none is kept.
  [[nodiscard]] float* average_at(std::int64_t first) const;

  const Parameter& table_;
  Moments moments_;
  std::int64_t width_;
  /// The newest steps: all that any row lacks.
  std::deque<cpu::AdamWStep> steps_;
  /// Number of steps, and of those that each row has had.
  std::int64_t now_ = 0;
  std::vector<std::int64_t> done_;
  /// Whether a row has moments other than zeros; zeros are neither read nor written, so that they take no
  /// memory.
  std::vector<bool> learned_;
  /// Where the next sweep begins.
  std::int64_t next_ = 0;
};

}  // namespace tagformer
