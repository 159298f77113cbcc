#include "layers/prepack.h"

#include <ATen/ops/empty_like.h>

#include "layers/matmul.h"
#include "runtime/stop.h"

namespace tagformer {
namespace {

/// The shape and format of a tensor without its numbers.
at::Tensor without_memory(const at::Tensor& tensor) { return at::empty_like(tensor, at::kMeta); }

}  // namespace

void prepack(ParameterSet& parameters) {
  for (const auto& parameter : parameters.all()) {
    if (!parameter->multiplies_only || parameter->packed.defined()) continue;
    check_stop();
    const at::Tensor weight = parameter->value.detach();
    const bool bytes = parameters.precision() == Precision::kInt8 && parameter->has_copy();
    parameter->packed = bytes ? pack_bytes(weight.to(at::kFloat)) : pack_transposed(weight);
    const bool trained = parameter->value.requires_grad();
    if (!parameter->has_copy()) parameter->master = at::Tensor();
    parameter->value = without_memory(weight).requires_grad_(trained);
  }
}

void unpack(ParameterSet& parameters) {
  for (const auto& parameter : parameters.all()) {
    if (!parameter->packed.defined()) continue;
    check_stop();
    const bool trained = parameter->value.requires_grad();
    if (parameter->value.scalar_type() == at::kFloat) {
      parameter->value = unpacked(parameter->packed);
      parameter->master = parameter->value;
    } else {
      parameter->value = parameters.master_of(*parameter).to(parameter->value.scalar_type());
    }
    parameter->value.requires_grad_(trained);
    parameter->packed = {};
  }
}

}  // namespace tagformer
