#include "torchscript/graph.h"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "torchscript/operators.h"
#include "torchscript/refuse.h"

namespace tagformer {
namespace {

namespace jit = torch::jit;

/// Of a method with all that it calls; a traced BERT-large has under 3,000.
constexpr std::int64_t kMostNodes = 250'000;

constexpr const char* kTraining = "training";

using Classes = std::set<c10::ClassTypePtr>;

/// The classes of all parts of a module, each once.
Classes classes_of(const jit::Module& module) {
  Classes classes;
  for (const jit::Module& part : module.modules()) classes.insert(part.type());
  return classes;
}

std::string name_of(const c10::ClassType& type) {
  const std::optional<c10::QualifiedName>& name = type.name();
  return name ? name->qualifiedName() : "a class without a name";
}

jit::Graph& graph_of(jit::Function& function) {
  if (!function.isGraphFunction()) refuse_module("has a function that is no TorchScript, " + function.name());
  return *jit::toGraphFunction(function).graph();
}

/// visit(node) for every node of a block and of the blocks inside it; it may replace the node.
void for_nodes(jit::Block* block, const std::function<void(jit::Node*)>& visit) {
  for (auto it = block->nodes().begin(); it != block->nodes().end();) {
    jit::Node* const node = *it++;
    for (jit::Block* const inner : node->blocks()) for_nodes(inner, visit);
    visit(node);
  }
}

/// The function that a node calls; null when it calls none, or a method of what is no part of the module.
jit::Function* callee_of(const jit::Node& node) {
  if (node.kind() == c10::prim::CallFunction) {
    return node.input(0)->type()->expectRef<c10::FunctionType>().function();
  }
  if (node.kind() != c10::prim::CallMethod) return nullptr;
  const auto part = node.input(0)->type()->cast<c10::ClassType>();
  return part == nullptr ? nullptr : part->findMethod(node.s(c10::attr::name));
}

/// Counts the nodes that a function has when the interpreter has put all that it calls in place of the calls:
/// a few functions, each calling the next one twice, grow beyond any bound.
class Sizes {
 public:
  std::int64_t of(jit::Function& function) {
    const auto [known, fresh] = sizes_.try_emplace(&function, kUnfinished);
    if (!fresh && known->second == kUnfinished) refuse_module("calls itself in " + function.name());
    if (!fresh) return known->second;
    std::int64_t size = 0;
    for_nodes(graph_of(function).block(), [&](jit::Node* node) {
      jit::Function* const callee = callee_of(*node);
      size += 1 + (callee == nullptr ? 0 : of(*callee));
      if (size > kMostNodes) refuse_module("has more than " + std::to_string(kMostNodes) + " operations");
    });
    return sizes_[&function] = size;
  }

 private:
  static constexpr std::int64_t kUnfinished = -1;
  std::map<const jit::Function*, std::int64_t> sizes_;
};

/// Replaces the calls of `kind` by the bodies of what they call, and the calls in those, until none is left.
void inline_all(jit::Graph& graph, c10::Symbol kind) {
  bool again = true;
  while (again) {
    again = false;
    for_nodes(graph.block(), [&](jit::Node* node) {
      if (node->kind() != kind) return;
      jit::GraphFunction& callee = jit::toGraphFunction(*callee_of(*node));
      // A function comes before what it is given; a method's object is its first argument.
      if (kind == c10::prim::CallFunction) node->removeInput(0);
      // The graph as it is: by itself libtorch takes the one in which everything is already in place.
      jit::inlineCallTo(node, &callee, callee.graph().get());
      again = true;
    });
  }
}

/// A while loop is one of the largest number of rounds that there is.
bool ends(const jit::Node& loop) {
  return jit::constant_as<std::int64_t>(loop.input(0)) != std::numeric_limits<std::int64_t>::max();
}

void check_node(const jit::Node& node, const c10::ClassType& type, const Classes& classes) {
  const std::string name = node.kind().toQualString();
  if (!is_harmless(name)) {
    refuse_module("uses " + name + " in " + name_of(type) +
                  ", which is not on the list of operators that only compute");
  }
  if (node.kind() == c10::prim::Loop && !ends(node))
    refuse_module("has a while loop, whose end nobody knows");
  if (node.kind() != c10::prim::CallMethod) return;
  if (!classes.contains(node.input(0)->type()->cast<c10::ClassType>())) {
    refuse_module("calls a method of something that is no part of it, in " + name_of(type));
  }
}

/// Attributes are numbers, texts, tensors, lists of them, and parts of the module.
void check_attribute(const c10::TypePtr& type, const Classes& classes) {
  const auto part = type->cast<c10::ClassType>();
  const bool object = part != nullptr || type->kind() == c10::TypeKind::InterfaceType ||
                      type->kind() == c10::TypeKind::AnyType;
  if (object && !classes.contains(part)) refuse_module("has an attribute of type " + type->annotation_str());
  if (part != nullptr) return;
  for (const c10::TypePtr& inner : type->containedTypes()) check_attribute(inner, classes);
}

/// The input of an operator that says whether it trains; null where it has none.
jit::Value* training_flag(const jit::Node& node) {
  const c10::FunctionSchema* const schema = node.maybeSchema();
  if (schema == nullptr) return nullptr;
  for (const char* name : {"train", "training"}) {
    const auto index = schema->argumentIndexWithName(name);
    if (index) return node.input(static_cast<std::size_t>(*index));
  }
  return nullptr;
}

/// Batch norm without running statistics takes the batch's in both modes.
bool follows_always(const jit::Node& node) {
  return node.kind() != c10::aten::batch_norm ||
         !node.namedInput("running_mean")->type()->isSubtypeOf(*c10::NoneType::get());
}

void follow_flag(jit::Node& node, jit::Value* self, DropoutReport& report) {
  jit::Value* const flag = training_flag(node);
  const auto fixed = flag == nullptr ? std::nullopt : jit::constant_as<bool>(flag);
  if (!fixed || !follows_always(node)) return;
  report.traced_in_training = report.traced_in_training || *fixed;
  const jit::WithInsertPoint here(&node);
  node.replaceInputWith(flag, node.owningGraph()->insertGetAttr(self, kTraining));
  ++report.freed;
}

/// Fused attention has a rate instead of a flag: rate becomes float(training) * rate.
void follow_rate(jit::Node& node, jit::Value* self, DropoutReport& report) {
  if (node.kind() != c10::Symbol::fromQualString("aten::scaled_dot_product_attention")) return;
  jit::Value* const value = node.namedInput("dropout_p");
  const auto rate = jit::constant_as<double>(value);
  const auto index = node.schema().argumentIndexWithName("dropout_p");
  if (!rate || !index) return;
  if (*rate == 0.0) {
    ++report.lost;
    return;
  }
  jit::Graph& graph = *node.owningGraph();
  const jit::WithInsertPoint here(&node);
  jit::Value* const training =
      graph.insert(c10::Symbol::fromQualString("aten::Float"), {graph.insertGetAttr(self, kTraining)});
  // Not replaceInputWith: the same constant may be an input of other nodes, or of this one.
  node.replaceInput(static_cast<std::size_t>(*index), graph.insert(c10::aten::mul, {training, value}));
  report.traced_in_training = true;
  ++report.freed;
}

}  // namespace

void check_graphs(const jit::Module& module) {
  const Classes classes = classes_of(module);
  Sizes sizes;
  for (const c10::ClassTypePtr& type : classes) {
    if (!type->getForwardHooks().empty() || !type->getForwardPreHooks().empty())
      refuse_module("has forward hooks");
    for (std::size_t i = 0; i < type->numAttributes(); ++i) check_attribute(type->getAttribute(i), classes);
    for (jit::Function* const method : type->methods()) {
      (void)sizes.of(*method);
      jit::Graph& graph = graph_of(*method);
      inline_all(graph, c10::prim::CallFunction);
      for_nodes(graph.block(), [&](jit::Node* node) { check_node(*node, *type, classes); });
    }
  }
}

void inline_methods(jit::Graph& graph) { inline_all(graph, c10::prim::CallMethod); }

DropoutReport follow_mode(const jit::Module& module) {
  DropoutReport report;
  for (const c10::ClassTypePtr& type : classes_of(module)) {
    if (!type->hasAttribute(kTraining)) type->addAttribute(kTraining, c10::BoolType::get());
    for (jit::Function* const method : type->methods()) {
      jit::Graph& graph = graph_of(*method);
      jit::Value* const self = graph.inputs()[0];
      for_nodes(graph.block(), [&](jit::Node* node) {
        follow_flag(*node, self, report);
        follow_rate(*node, self, report);
      });
    }
  }
  // A rate of 0 that was written in training is the model's own.
  if (report.traced_in_training) report.lost = 0;
  return report;
}

DeviceConstants::DeviceConstants(const jit::Module& module, c10::Device device) {
  for (const c10::ClassTypePtr& type : classes_of(module)) {
    for (jit::Function* const method : type->methods()) {
      for_nodes(graph_of(*method).block(), [&](jit::Node* node) {
        if (node->kind() != c10::prim::Constant || !node->hasAttribute(c10::attr::value)) return;
        const c10::TypeKind kind = node->output()->type()->kind();
        if (kind == c10::TypeKind::DeviceObjType) {
          constants_.push_back({node, {node->s(c10::attr::value), {}}, {device.str(), {}}});
        } else if (kind == c10::TypeKind::TensorType && node->t(c10::attr::value).dim() > 0) {
          // One of a single number meets tensors of every device.
          const at::Tensor tensor = node->t(c10::attr::value);
          constants_.push_back({node, {"", tensor}, {"", tensor.to(device)}});
        }
      });
    }
  }
  as_placed();
}

void DeviceConstants::write(Value Constant::* value) const {
  for (const Constant& constant : constants_) {
    const Value& chosen = constant.*value;
    if (chosen.tensor.defined()) {
      constant.node->t_(c10::attr::value, chosen.tensor);
    } else {
      constant.node->s_(c10::attr::value, chosen.name);
    }
  }
}

}  // namespace tagformer
