// Gradients of single rows of a lookup table: a batch has them for few of its rows.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace tagformer {

class RowGradients {
 public:
  /// Of a table `[rows, width]`. The row `padding_id` gets no gradient; -1: every row may.
  RowGradients(std::int64_t rows, std::int64_t width, std::int64_t padding_id)
      : width_(width), padding_id_(padding_id), slots_(static_cast<std::size_t>(rows), -1) {}

  /// Adds `gradient`, `[ids, width]` in fp32, to the rows that `ids` name.
  void add(const at::Tensor& ids, const at::Tensor& gradient);
  /// Adds sums of the same table.
  void add(const RowGradients& sums);
  void clear();

  /// Rows with a gradient, in the order in which they first got one.
  [[nodiscard]] const std::vector<std::int64_t>& rows() const { return rows_; }
  /// All of them, `[rows(), width]`, in a copy.
  [[nodiscard]] at::Tensor gradients() const;
  /// The gradient of `rows()[i]`.
  [[nodiscard]] const float* gradient(std::size_t i) const {
    return gradients_.data() + static_cast<std::int64_t>(i) * width_;
  }

  /// Of all elements of the table's gradient. Summed as over the whole table, in chunks of so many elements
  /// that are then added in order.
  [[nodiscard]] double sum_of_squares(std::int64_t chunk) const;

 private:
  /// The slot of a row, made where it has none.
  std::int64_t slot_of(std::int64_t row);
  /// Adds to a row that has a slot.
  void add(std::int64_t row, const float* from);

  std::int64_t width_;
  std::int64_t padding_id_;
  std::vector<std::int64_t> rows_;
  /// By row: its index in `rows_`, -1 for none.
  std::vector<std::int64_t> slots_;
  /// `[rows_, width]`
  std::vector<float> gradients_;
};

}  // namespace tagformer
