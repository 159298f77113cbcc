#include "weights/parameters.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "runtime/error.h"
#include "runtime/page_memory.h"

namespace tagformer {
namespace {

std::int64_t product(const std::vector<std::int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace

std::optional<Precision> find_precision(std::string_view name) {
  if (name == "fp32") return Precision::kFloat32;
  if (name == "bf16") return Precision::kBfloat16;
  if (name == "int8") return Precision::kInt8;
  return std::nullopt;
}

std::vector<float> to_floats(const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  const auto* const first = values.const_data_ptr<float>();
  return {first, first + values.numel()};
}

std::vector<float> Parameter::Part::copy_of(const at::Tensor& whole) const {
  return to_floats(whole.detach().contiguous().flatten().narrow(0, begin, count));
}

Parameter& ParameterSet::add(std::string name, std::vector<std::int64_t> shape, Role role, Initial initial,
                             bool head) {
  Parameter& parameter = add_stacked({std::move(name)}, std::move(shape), role, initial);
  parameter.head = head;
  return parameter;
}

Parameter& ParameterSet::add_stacked(std::vector<std::string> names, std::vector<std::int64_t> shape,
                                     Role role, Initial initial) {
  auto parameter = std::make_unique<Parameter>();
  parameter->index = parameters_.size();
  parameter->depth = depth_;
  const std::int64_t count = product(shape);
  for (std::string& name : names) {
    const auto begin = static_cast<std::int64_t>(parameter->parts.size()) * count;
    parameter->parts.push_back({std::move(name), shape, begin, count});
  }
  shape[0] *= static_cast<std::int64_t>(names.size());
  parameter->role = role;
  parameter->initial = initial;
  parameter->head = false;
  if (precision_ != Precision::kFloat32 && role == Role::kMatrix) {
    parameter->value = zeros_in_pages(shape, at::kBFloat16);
  } else {
    parameter->value = parameter->master = zeros_in_pages(shape, at::kFloat);
  }
  parameter->value.requires_grad_(true);
  parameters_.push_back(std::move(parameter));
  return *parameters_.back();
}

Parameter& ParameterSet::adopt(std::string name, at::Tensor tensor, Role role) {
  auto parameter = std::make_unique<Parameter>();
  parameter->index = parameters_.size();
  parameter->depth = depth_;
  parameter->parts.push_back({std::move(name), tensor.sizes().vec(), 0, tensor.numel()});
  parameter->role = role;
  parameter->initial = Initial::kNormal;
  parameter->trainable = tensor.requires_grad();
  parameter->head = false;
  parameter->value = tensor;
  parameter->master = std::move(tensor);
  parameters_.push_back(std::move(parameter));
  return *parameters_.back();
}

void ParameterSet::to(c10::Device device) {
  const at::NoGradGuard no_gradients;
  for (const auto& parameter : parameters_) {
    const bool trained = parameter->value.requires_grad();
    const bool has_copy = parameter->has_copy();
    // Where only the copy is kept a master is read again when it is needed; see master_of().
    if (parameter->master.defined()) parameter->master = parameter->master.detach().to(device);
    parameter->value = has_copy ? parameter->value.detach().to(device) : parameter->master;
    if (precision_ == Precision::kBfloat16 && parameter->rounded_on_device)
      parameter->value = parameter->master.to(at::kBFloat16);
    parameter->value.requires_grad_(trained);
  }
}

std::int64_t ParameterSet::element_count() const {
  std::int64_t count = 0;
  for (const auto& parameter : parameters_) count += parameter->value.numel();
  return count;
}

std::int64_t ParameterSet::layers() const {
  std::int64_t layers = 0;
  for (const auto& parameter : parameters_) {
    if (parameter->depth != kAboveLayers) layers = std::max(layers, parameter->depth);
  }
  return layers;
}

std::pair<Parameter*, const Parameter::Part*> ParameterSet::find(std::string_view name) const {
  for (const auto& parameter : parameters_) {
    for (const Parameter::Part& part : parameter->parts) {
      if (part.name == name) return {parameter.get(), &part};
    }
  }
  return {nullptr, nullptr};
}

std::pair<Parameter*, const Parameter::Part*> ParameterSet::named(const std::string& name) const {
  const auto found = find(name);
  if (found.first == nullptr) throw Error("INVALID_OPTION", "the model has no parameter named " + name);
  return found;
}

at::Tensor ParameterSet::master_of(const Parameter& parameter) const {
  if (parameter.master.defined()) return parameter.master;
  const at::Tensor master = zeros_in_pages(parameter.value.sizes(), at::kFloat);
  reread_(parameter, master.data_ptr<float>());
  // What is packed has no memory of its own, and is on the CPU.
  return parameter.value.is_meta() ? master : master.to(parameter.value.device());
}

void ParameterSet::keep_masters() {
  for (const auto& parameter : parameters_) parameter->master = master_of(*parameter);
  reread_ = nullptr;
}

}  // namespace tagformer
