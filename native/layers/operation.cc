#include "layers/operation.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <utility>

namespace tagformer {
namespace {

using torch::autograd::AutogradContext;

/// What libtorch keeps of an operation besides tensors.
struct Recorded : torch::CustomClassHolder {
  explicit Recorded(std::shared_ptr<const Operation> operation) : operation(std::move(operation)) {}
  std::shared_ptr<const Operation> operation;
  /// Which inputs there are. Function knows of no others.
  std::vector<bool> given;
};

constexpr const char* kOperation = "operation";

struct Function : torch::autograd::Function<Function> {
  static at::Tensor forward(AutogradContext* context, at::TensorList present,
                            const c10::intrusive_ptr<Recorded>& recorded) {
    Tensors inputs;
    inputs.reserve(recorded->given.size());
    std::size_t next = 0;
    for (const bool given : recorded->given) inputs.push_back(given ? present[next++] : at::Tensor());
    Tensors saved;
    at::Tensor result = recorded->operation->forward(inputs, saved);
    context->save_for_backward(std::move(saved));
    context->saved_data[kOperation] = c10::IValue::make_capsule(recorded);
    return result;
  }

  static Tensors backward(AutogradContext* context, Tensors gradients) {
    const c10::intrusive_ptr<torch::CustomClassHolder> capsule =
        context->saved_data.at(kOperation).toCapsule();
    const auto& recorded = dynamic_cast<const Recorded&>(*capsule);
    std::vector<bool> wanted;
    wanted.reserve(recorded.given.size());
    std::size_t edge = 0;
    for (const bool given : recorded.given) wanted.push_back(given && context->needs_input_grad(edge++));
    const Tensors of_inputs =
        recorded.operation->backward(context->get_saved_variables(), gradients[0].contiguous(), wanted);
    Tensors of_present;
    for (std::size_t i = 0; i < of_inputs.size(); i++) {
      if (recorded.given[i]) of_present.push_back(of_inputs[i]);
    }
    of_present.emplace_back();  // for the argument that is no tensor
    return of_present;
  }
};

}  // namespace

bool needs_gradient(const Tensors& inputs) {
  return at::GradMode::is_enabled() && std::ranges::any_of(inputs, [](const at::Tensor& input) {
           return input.defined() && input.requires_grad();
         });
}

at::Tensor record(std::shared_ptr<const Operation> operation, const Tensors& inputs) {
  const auto recorded = c10::make_intrusive<Recorded>(std::move(operation));
  Tensors present;
  for (const at::Tensor& input : inputs) {
    recorded->given.push_back(input.defined());
    if (input.defined()) present.push_back(input);
  }
  return Function::apply(at::TensorList(present), recorded);
}

}  // namespace tagformer
