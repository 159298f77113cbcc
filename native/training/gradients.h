// All gradients of a training step: summed over its micro-batches, measured, and cleared.
#pragma once

#include <optional>
#include <vector>

#include "models/model.h"
#include "training/row_gradients.h"

namespace tagformer {

class Gradients {
 public:
  /// Of the parameters that autograd computes gradients for. `by_rows` is a table whose gradients are kept by
  /// rows; none where its `table` is null. `kernels`: our CPU kernels measure them.
  Gradients(const ParameterSet& parameters, const WordTable& by_rows, bool kernels);

  /// Adds what the last backward pass left at the parameters. `more_follow` says that other micro-batches
  /// will be added: sums are then kept in fp32, because bf16 would lose small contributions. On a device they
  /// always are.
  void add_from_autograd(bool more_follow);
  /// Adds what a backward pass left at the rows of the table that `ids` name, `leaf` `[ids, width]`: all of
  /// it, or none where memory is short.
  void add_rows(const at::Tensor& ids, const at::Tensor& leaf);
  /// Drops what a backward pass left but was not added, as when it failed half-way.
  void discard_fresh();
  /// Drops all gradients.
  void clear();

  /// Which parameters have a gradient, by index.
  [[nodiscard]] std::vector<bool> present() const;
  /// The sums of those parameters, in fp32; zeros where there is none yet.
  std::vector<at::Tensor> complete(const std::vector<bool>& wanted);

  /// Of a parameter; undefined where it has none.
  [[nodiscard]] const at::Tensor& of(const Parameter& parameter) const { return sums_[parameter.index]; }
  /// Of the table that is kept by rows.
  [[nodiscard]] const std::optional<RowGradients>& rows() const { return rows_; }
  [[nodiscard]] std::optional<RowGradients>& rows() { return rows_; }

  /// Global L2 norm, `[]`, on the device and without waiting for it.
  [[nodiscard]] at::Tensor norm() const;

 private:
  void add_together();
  [[nodiscard]] at::Tensor norm_by_kernels() const;
  [[nodiscard]] at::Tensor norm_by_aten() const;

  const ParameterSet& parameters_;
  const Parameter* table_;
  bool kernels_;
  /// By a parameter's index.
  std::vector<at::Tensor> sums_;
  std::optional<RowGradients> rows_;
  /// Of one micro-batch: each is summed by itself, so that the sums do not depend on the process that has it.
  std::optional<RowGradients> fresh_rows_;
};

}  // namespace tagformer
