#include "weights/parameters.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#include <functional>
#include <numeric>
#include <utility>

#include "runtime/pages.h"

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

Parameter& ParameterSet::add(std::string name, std::vector<std::int64_t> shape, Role role, Initial initial,
                             bool head) {
  Parameter& parameter = add_stacked({std::move(name)}, std::move(shape), role, initial);
  parameter.head = head;
  return parameter;
}

Parameter& ParameterSet::add_stacked(std::vector<std::string> names, std::vector<std::int64_t> shape,
                                     Role role, Initial initial) {
  auto parameter = std::make_unique<Parameter>();
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
    const at::Tensor master = master_of(*parameter).detach().to(device);
    parameter->value = parameter->has_copy() ? parameter->value.detach().to(device) : master;
    parameter->master = master;
    parameter->value.requires_grad_(trained);
  }
}

std::int64_t ParameterSet::element_count() const {
  std::int64_t count = 0;
  for (const auto& parameter : parameters_) count += parameter->value.numel();
  return count;
}

std::pair<Parameter*, const Parameter::Part*> ParameterSet::find(std::string_view name) const {
  for (const auto& parameter : parameters_) {
    for (const Parameter::Part& part : parameter->parts) {
      if (part.name == name) return {parameter.get(), &part};
    }
  }
  return {nullptr, nullptr};
}

at::Tensor ParameterSet::master_of(const Parameter& parameter) const {
  if (parameter.master.defined()) return parameter.master;
  at::Tensor master = zeros_in_pages(parameter.value.sizes(), at::kFloat);
  reread_(parameter, master.data_ptr<float>());
  return master;
}

void ParameterSet::keep_masters() {
  for (const auto& parameter : parameters_) parameter->master = master_of(*parameter);
  reread_ = nullptr;
}

void ParameterSet::collect_gradients(bool more_follow) {
  for (const auto& parameter : parameters_) {
    const at::Tensor fresh = std::exchange(parameter->value.mutable_grad(), at::Tensor());
    if (!fresh.defined()) continue;
    if (parameter->gradient.defined()) {
      parameter->gradient.add_(fresh);
    } else {
      parameter->gradient = (more_follow ? fresh.to(at::kFloat) : fresh).contiguous();
    }
  }
}

void ParameterSet::drop_fresh_gradients() {
  for (const auto& parameter : parameters_) parameter->value.mutable_grad() = at::Tensor();
}

void ParameterSet::clear_gradients() {
  for (const auto& parameter : parameters_) {
    parameter->value.mutable_grad() = at::Tensor();
    parameter->gradient = at::Tensor();
  }
}

}  // namespace tagformer
