#include "layers/prepack.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cfloat>
#include <cstdint>

#include "layers/matmul.h"
#include "runtime/page_memory.h"
#include "runtime/stop.h"

namespace tagformer {
namespace {

bool in_bytes(const Parameter& parameter, Precision precision) {
  return precision == Precision::kInt8 && parameter.has_copy();
}

/// Frees the numbers of the value, which are packed, and keeps its shape and format.
void free_tensors(Parameter& parameter) {
  if (!parameter.has_copy()) parameter.master = at::Tensor();
  const bool trained = parameter.value.requires_grad();
  parameter.value = at::empty_like(parameter.value.detach(), at::kMeta).requires_grad_(trained);
}

/// Rows of a table that are rounded at once.
constexpr std::int64_t kRoundedRows = 1024;

/// Only in int8: in bf16 a model that was loaded has to give the scores of the one that was trained.
void round_table(Parameter& table, Precision precision) {
  if (precision != Precision::kInt8 || table.scales.defined()) return;
  const at::Tensor master = table.master.detach();
  const std::int64_t rows = master.size(0);
  const at::Tensor bytes = zeros_in_pages(master.sizes(), at::kChar);
  const at::Tensor scales = at::empty({rows, 1});
  for (std::int64_t begin = 0; begin < rows; begin += kRoundedRows) {
    check_stop();
    const std::int64_t count = std::min(kRoundedRows, rows - begin);
    const at::Tensor exact = master.narrow(0, begin, count);
    // A row of zeros has no scale of its own; NaN stays, and so does what becomes of it.
    const at::Tensor scale = exact.abs().amax(1, /*keepdim=*/true).div(127).clamp_min(FLT_MIN);
    scales.narrow(0, begin, count).copy_(scale);
    bytes.narrow(0, begin, count).copy_(exact.div(scale).round_());
  }
  table.value = bytes;
  table.scales = scales;
  table.master = at::Tensor();
}

void restore_table(const ParameterSet& parameters, Parameter& table) {
  if (!table.scales.defined()) return;
  check_stop();
  table.master = parameters.master_of(table);
  table.value = table.master;
  table.value.requires_grad_(table.trainable);
  table.scales = at::Tensor();
}

}  // namespace

void prepack(Parameter& parameter, Precision precision) {
  if (parameter.looked_up_only) round_table(parameter, precision);
  if (!parameter.multiplies_only || parameter.packed.defined()) return;
  check_stop();
  const at::Tensor weight = parameter.value.detach();
  parameter.packed =
      in_bytes(parameter, precision) ? pack_bytes(weight) : pack_transposed(weight, Lifetime::kModel);
  free_tensors(parameter);
}

bool prepack_from(const RowSource& rows, Parameter& parameter, Precision precision) {
  if (!parameter.multiplies_only) return false;
  parameter.packed = pack_from(rows, parameter.value, in_bytes(parameter, precision));
  free_tensors(parameter);
  return true;
}

void prepack(const ParameterSet& parameters) {
  for (const auto& parameter : parameters.all()) prepack(*parameter, parameters.precision());
}

void unpack(const ParameterSet& parameters) {
  for (const auto& parameter : parameters.all()) {
    if (parameter->looked_up_only) restore_table(parameters, *parameter);
    if (!parameter->packed.defined()) continue;
    check_stop();
    const bool trained = parameter->value.requires_grad();
    const at::ScalarType format = parameter->value.scalar_type();
    parameter->value = parameter->packed.holds_bytes() ? parameters.master_of(*parameter).to(format)
                                                       : unpacked(parameter->packed, format);
    if (format == at::kFloat) parameter->master = parameter->value;
    parameter->value.requires_grad_(trained);
    parameter->packed = {};
  }
}

}  // namespace tagformer
