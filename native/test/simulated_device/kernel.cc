#include "simulated_device/kernel.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/native/ForeachUtils.h>

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <utility>

#include "simulated_device/alias.h"
#include "simulated_device/memory.h"
#include "simulated_device/random.h"
#include "simulated_device/recording.h"
#include "simulated_device/state.h"

namespace simulated {
namespace {

using torch::jit::Stack;

constexpr Operator kOperators[] = {
#include "cuda_operators.inc"
};

std::string full_name(const c10::OperatorHandle& operation) {
  const c10::OperatorName& name = operation.operator_name();
  return name.overload_name.empty() ? name.name : name.name + "." + name.overload_name;
}

bool is_checked(const std::string& name) {
  static const auto& checked = *[] {
    auto* const all = new std::unordered_map<std::string, bool>;
    for (const Operator& known : kOperators) all->emplace(std::string("aten::") + known.name, known.checked);
    return all;
  }();
  const auto found = checked.find(name);
  return found == checked.end() || found->second;
}

/// Operators whose result, or its size, the host reads from the device.
bool waits(const std::string& name) {
  static constexpr std::array kWaiting = {
      "aten::nonzero",    "aten::masked_select",           "aten::_unique2",
      "aten::unique_dim", "aten::unique_consecutive",      "aten::bincount",
      "aten::equal",      "aten::repeat_interleave.Tensor"};
  return std::ranges::find(kWaiting, name) != kWaiting.end();
}

/// What CUDA's kernels refuse: tensors of the CPU, but for single numbers where an operator takes them,
/// indices, and the learning rate of a fused optimizer.
void check_device(const at::Tensor& tensor, const std::string& name, const std::string& argument) {
  if (!tensor.defined()) return;
  const bool is_here = tensor.is_cuda() && tensor.device().index() == current_device();
  const bool is_fused = name.starts_with("aten::_fused_");
  const bool is_number =
      tensor.is_cpu() && tensor.dim() == 0 && (is_fused ? argument == "lr" : !is_checked(name));
  const bool is_index = tensor.is_cpu() && name.starts_with("aten::index") && !is_checked(name);
  TORCH_CHECK(is_here || is_number || is_index,
              "Expected all tensors to be on the same device, but found at least two devices, cuda:",
              current_device(), " and ", tensor.device(), "! (when checking argument ", argument, " of ",
              name, ")");
}

/// The device of the first tensor that has one, as for CUDA's kernels.
int device_of(c10::ArrayRef<c10::IValue> arguments) {
  for (const c10::IValue& value : arguments) {
    if (value.isTensor() && value.toTensor().defined() && value.toTensor().is_cuda())
      return value.toTensor().device().index();
    if (!value.isTensorList()) continue;
    for (const at::Tensor& tensor : value.toTensorVector()) {
      if (tensor.defined() && tensor.is_cuda()) return tensor.device().index();
    }
  }
  return current_device();
}

/// One run of an operator.
class Call {
 public:
  Call(const c10::OperatorHandle& operation, c10::ArrayRef<c10::IValue> arguments)
      : operation_(operation), name_(full_name(operation)), arguments_(arguments.vec()) {}

  Stack run() {
    const OnDevice here(device_of(arguments_));
    Stack stack;
    for (std::size_t i = 0; i < arguments_.size(); ++i) stack.push_back(seen(i));
    if (waits(name_)) wait(name_.c_str());
    if (name_.starts_with("aten::_fused_adam")) check_fused();
    try {
      operation_.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), &stack);
    } catch (const c10::IndexError&) {
      fail("device-side assert triggered", /*sticky=*/true);
    }
    aliases_.take_back();
    for (std::size_t i = 0; i < stack.size(); ++i) stack[i] = given_back(i, stack[i]);
    return stack;
  }

 private:
  [[nodiscard]] const std::string& name_of(std::size_t argument) const {
    return operation_.schema().arguments()[argument].name();
  }

  at::Tensor seen(const at::Tensor& tensor, std::size_t argument) {
    check_device(tensor, name_, name_of(argument));
    return aliases_.add(tensor);
  }

  c10::IValue seen(std::size_t i) {
    const c10::IValue& value = arguments_[i];
    const c10::Argument& argument = operation_.schema().arguments()[i];
    if (value.isTensor()) return seen(value.toTensor(), i);
    if (value.isDevice()) return c10::Device(c10::kCPU);
    if (argument.name() == "generator") {
      return inner_generator(value.isNone() ? std::nullopt : std::optional(value.toGenerator()));
    }
    if (!value.isList() || argument.type()->kind() != c10::TypeKind::ListType) return value;
    // Asked of the schema: lists that TorchScript's interpreter makes do not say that they may have gaps.
    const c10::TypePtr element = argument.type()->expectRef<c10::ListType>().getElementType();
    if (element->kind() == c10::TypeKind::OptionalType) {
      c10::List<std::optional<at::Tensor>> list;
      for (const c10::IValue& one : value.toListRef())
        list.push_back(one.isTensor() ? std::optional(seen(one.toTensor(), i)) : std::nullopt);
      return list;
    }
    if (element->kind() != c10::TypeKind::TensorType) return value;
    c10::List<at::Tensor> list;
    for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(seen(tensor, i));
    return list;
  }

  /// As CUDA's fused optimizers demand.
  void check_fused() const {
    std::vector<std::vector<at::Tensor>> lists;
    for (std::size_t i = 0; i < 4; ++i) lists.push_back(arguments_[i].toTensorVector());
    TORCH_CHECK(at::native::check_fast_path_restrictions({lists[0], lists[1], lists[2], lists[3]}),
                "params, grads, exp_avgs, and exp_avg_sqs must have same dtype, device, and layout");
  }

  /// Result `i` as the device has it: where the operator writes to an argument, that argument.
  c10::IValue given_back(std::size_t i, const c10::IValue& value) const {
    const c10::FunctionSchema& schema = operation_.schema();
    const c10::AliasInfo* const written = schema.returns()[i].alias_info();
    if (value.isTensor() && written != nullptr && written->isWrite()) {
      for (std::size_t j = 0; j < arguments_.size(); ++j) {
        const c10::AliasInfo* const argument = schema.arguments()[j].alias_info();
        if (argument != nullptr && argument->beforeSets() == written->beforeSets()) return arguments_[j];
      }
    }
    if (value.isTensor()) return aliases_.result(value.toTensor());
    if (!value.isTensorList()) return value;
    c10::List<at::Tensor> list;
    for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(aliases_.result(tensor));
    return list;
  }

  const c10::OperatorHandle operation_;
  std::string name_;
  std::vector<c10::IValue> arguments_;
  Aliases aliases_;
};

void copy_into(const c10::IValue& to, const c10::IValue& from) {
  const auto put = [](const at::Tensor& target, const at::Tensor& source) {
    const bool is_there = !target.defined() || target.storage().is_alias_of(source.storage());
    if (!is_there) seen_by_kernel(target).copy_(seen_by_kernel(source));
  };
  if (to.isTensor()) put(to.toTensor(), from.toTensor());
  if (!to.isTensorList()) return;
  const std::vector<at::Tensor> targets = to.toTensorVector();
  const std::vector<at::Tensor> sources = from.toTensorVector();
  for (std::size_t i = 0; i < targets.size(); ++i) put(targets[i], sources[i]);
}

}  // namespace

c10::ArrayRef<Operator> cuda_operators() { return kOperators; }

void run_kernel(const c10::OperatorHandle& operation, Stack* stack) {
  launch(operation.operator_name().name.c_str());
  const at::AutoDispatchBelowADInplaceOrView below;
  const std::size_t count = operation.schema().arguments().size();
  const std::vector<c10::IValue> arguments = torch::jit::last(*stack, count).vec();
  const Stack results = Call(operation, arguments).run();
  torch::jit::drop(*stack, count);
  stack->insert(stack->end(), results.begin(), results.end());
  note([operation, arguments, results] {
    const at::AutoDispatchBelowADInplaceOrView below;
    const Stack again = Call(operation, arguments).run();
    for (std::size_t i = 0; i < results.size(); ++i) copy_into(results[i], again[i]);
  });
}

}  // namespace simulated
