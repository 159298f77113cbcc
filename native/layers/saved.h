// What a differentiable operation keeps between forward and backward besides its tensors.
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/custom_function.h>

#include <string>

namespace tagformer {

template <typename T>
struct Saved : torch::CustomClassHolder {
  explicit Saved(T value) : value(std::move(value)) {}
  T value;
};

template <typename T>
void save(torch::autograd::AutogradContext* context, const std::string& key, T value) {
  context->saved_data[key] = c10::IValue::make_capsule(c10::make_intrusive<Saved<T>>(std::move(value)));
}

template <typename T>
const T& saved(torch::autograd::AutogradContext* context, const std::string& key) {
  return static_cast<const Saved<T>*>(context->saved_data.at(key).toCapsule().get())->value;
}

}  // namespace tagformer
