// What surrounds one run of a TorchScript module.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "runtime/interruptible.h"
#include "runtime/mode.h"

namespace tagformer {

/// While it lives, libtorch's operations on this thread belong to one run of a module, can be interrupted,
/// and
/// - dropout draws from the counter-based generator (runtime/mode.h), one place in the network after the
///   other, instead of from libtorch's generator, whose numbers depend on who else draws in this process;
/// - dropout that is on while the run does not train is an error: it does not follow train and eval.
class ScriptPass {
 public:
  /// Is given the table and the indices of every embedding that is looked up.
  using OnEmbedding = std::function<void(const at::Tensor& table, const at::Tensor& indices)>;

  explicit ScriptPass(const Mode& mode, OnEmbedding on_embedding = nullptr);
  ~ScriptPass();
  ScriptPass(const ScriptPass&) = delete;
  ScriptPass& operator=(const ScriptPass&) = delete;

  /// Places that drew dropout so far.
  [[nodiscard]] std::uint32_t dropout_places() const { return places_; }

  /// dropout(x) at the next place of the network, for 0 < rate.
  [[nodiscard]] at::Tensor drop(const at::Tensor& x, double rate);
  void meet_embedding(const at::Tensor& table, const at::Tensor& indices) const;

 private:
  Mode mode_;
  OnEmbedding on_embedding_;
  std::uint32_t places_ = 0;
  ScriptPass* outer_;
  Interruptible interruptible_;
};

}  // namespace tagformer
