// The table of word embeddings in training: a batch has gradients for few of its rows.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "kernels/cpu/kernels.h"
#include "models/model.h"
#include "runtime/stop.h"

namespace tagformer {

/// Gradients and updates of single rows.
///
/// AdamW changes every row in every step: weights decay, and running means fade. A row without a gradient
/// owes these changes until somebody reads it, and then they are made one after the other, by the same kernel
/// with a gradient of zeros. So the numbers are those of updating the whole table in each step, bit for bit,
/// without passing a hundred megabytes through the cache each time.
class WordRows {
 public:
  /// Of a table that is trained.
  explicit WordRows(const WordTable& words);

  /// The rows of token ids as a leaf of the graph, for Batch::words.
  at::Tensor look_up(const at::Tensor& ids);
  /// Adds what a backward pass left at the leaf that look_up() gave for these ids.
  void add_gradient(const at::Tensor& ids, const at::Tensor& leaf);
  void clear_gradient();
  /// Of all elements of the table's gradient. Summed as over the whole table, in chunks of so many elements
  /// that are then added in order.
  [[nodiscard]] double sum_of_squares(std::int64_t chunk) const;

  /// One step of AdamW: rows with a gradient are updated, others owe the change.
  void update(const cpu::AdamWStep& step);
  /// Makes all changes that are owed; before anybody else reads or writes the table. Throws Stopped, and then
  /// some rows still owe theirs.
  void settle();

  [[nodiscard]] const Parameter& parameter() const { return *words_.table; }

 private:
  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(done_.size()); }
  /// Makes the changes that `rows` owe, each of which is named once, with all threads; a row's all or none of
  /// them.
  void settle_rows(const std::vector<std::int64_t>& rows, StopFlag stop);
  void settle_row(std::int64_t row, const float* no_gradient, float* no_means);

  WordTable words_;
  std::int64_t width_;
  /// The newest steps: all that any row owes.
  std::deque<cpu::AdamWStep> steps_;
  /// Number of steps, and of those that each row has had.
  std::int64_t now_ = 0;
  std::vector<std::int64_t> done_;
  /// Whether a row ever had a gradient. Running means of the others are zeros, which nobody reads or writes,
  /// so that they take no memory.
  std::vector<bool> learned_;
  /// Where the next sweep begins.
  std::int64_t next_ = 0;

  /// Rows with a gradient, by first appearance; where each one's gradient is, -1 for none; the gradients.
  std::vector<std::int64_t> touched_;
  std::vector<std::int64_t> slots_;
  std::vector<float> gradients_;
};

}  // namespace tagformer
