// An operation with a backward pass of its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <concepts>
#include <memory>
#include <vector>

namespace tagformer {

/// Tensors by their place; one that is missing is undefined.
using Tensors = std::vector<at::Tensor>;

/// A differentiable operation. Its members, such as sizes and dropout, are kept from the forward to the
/// backward pass.
///
/// It stands for torch::autograd::Function, whose template more than doubles the time that a source takes to
/// compile: for all operations together it is used once, in operation.cc.
class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = default;
  Operation& operator=(const Operation&) = default;
  Operation(Operation&&) = default;
  Operation& operator=(Operation&&) = default;
  virtual ~Operation() = default;

  /// The result, with the tensors that the backward pass will read in `saved`.
  virtual at::Tensor forward(const Tensors& inputs, Tensors& saved) const = 0;

  /// The gradient of each input by that of the result, which is contiguous; undefined for an input that has
  /// none.
  /// @param wanted  of which inputs it is asked for; the others' may be left undefined
  [[nodiscard]] virtual Tensors backward(const Tensors& saved, const at::Tensor& gradient,
                                         const std::vector<bool>& wanted) const = 0;
};

/// Whether what is computed from these tensors will be differentiated.
bool needs_gradient(const Tensors& inputs);

/// The result of an operation, with the operation in libtorch's graph.
at::Tensor record(std::shared_ptr<const Operation> operation, const Tensors& inputs);

template <std::derived_from<Operation> Kind>
at::Tensor apply(const Kind& operation, const Tensors& inputs) {
  if (needs_gradient(inputs)) return record(std::make_shared<const Kind>(operation), inputs);
  Tensors saved;
  return operation.forward(inputs, saved);
}

}  // namespace tagformer
