#include "torchscript/returned.h"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/lower_tuples.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "torchscript/graph.h"
#include "torchscript/refuse.h"

namespace tagformer {
namespace {

namespace jit = torch::jit;
using namespace std::string_view_literals;

using Values = std::vector<const jit::Value*>;

/// Operators that make probabilities, or their logarithms.
constexpr auto kSquashing = std::array{
    "sigmoid"sv, "sigmoid_"sv, "hardsigmoid"sv, "log_sigmoid"sv, "softmax"sv, "log_softmax"sv,
};

/// Operators whose elements are those of their first input, all or some of them, in any order, rounded or
/// bounded.
constexpr auto kHandingOn = std::array{
    "_cast_Float"sv, "_unsafe_view"sv, "alias"sv,       "cat"sv,          "chunk"sv,      "clamp"sv,
    "clamp_max"sv,   "clamp_min"sv,    "clip"sv,        "clone"sv,        "concat"sv,     "contiguous"sv,
    "detach"sv,      "dropout"sv,      "expand"sv,      "expand_as"sv,    "flatten"sv,    "flip"sv,
    "gather"sv,      "index"sv,        "masked_fill"sv, "index_select"sv, "movedim"sv,    "nan_to_num"sv,
    "narrow"sv,      "permute"sv,      "repeat"sv,      "reshape"sv,      "reshape_as"sv, "round"sv,
    "select"sv,      "slice"sv,        "split"sv,       "squeeze"sv,      "stack"sv,      "swapaxes"sv,
    "t"sv,           "tile"sv,         "to"sv,          "transpose"sv,    "type_as"sv,    "unbind"sv,
    "unflatten"sv,   "unsqueeze"sv,    "view"sv,        "view_as"sv,
};

template <typename Names>
bool is_one_of(const Names& names, const jit::Node& node) {
  return node.kind().is_aten() && std::ranges::find(names, node.kind().toUnqualString()) != names.end();
}

/// The module or the attribute that a value is; none where it is computed.
std::optional<c10::IValue> attribute(const jit::Value& value, const jit::Module& module) {
  const jit::Node& node = *value.node();
  if (&value == node.owningGraph()->inputs()[0]) return module._ivalue();
  if (node.kind() != c10::prim::GetAttr) return std::nullopt;
  const std::optional<c10::IValue> owner = attribute(*node.input(), module);
  if (!owner || !owner->isObject()) return std::nullopt;
  return owner->toObject()->getAttr(node.s(c10::attr::name));
}

/// What a condition is in every run: none where it depends on the texts, or on whether the module trains.
std::optional<bool> fixed_condition(const jit::Value& condition, const jit::Module& module) {
  if (const auto constant = jit::constant_as<bool>(&condition)) return constant;
  const jit::Node& node = *condition.node();
  if (node.kind() == c10::aten::__not__) {
    const auto inner = fixed_condition(*node.input(), module);
    return inner ? std::optional(!*inner) : std::nullopt;
  }
  if (node.kind() != c10::prim::GetAttr || node.s(c10::attr::name) == "training") return std::nullopt;
  const auto value = attribute(condition, module);
  return value && value->isBool() ? std::optional(value->toBool()) : std::nullopt;
}

/// Walks from what a graph returns to the operation that made it.
class Returned {
 public:
  explicit Returned(const jit::Module& module) : module_(module) {}

  /// The operator that made probabilities of `returned`, or of the scores in it; empty where none did.
  std::string squashed_by(const jit::Value* returned) {
    Values open{returned};
    while (!open.empty()) {
      const jit::Value* const value = open.back();
      open.pop_back();
      if (!seen_.insert(value).second) continue;
      const jit::Node* const squash = squash_of(*value);
      if (squash != nullptr) return squash->kind().toQualString();
      const Values before = origins(*value);
      open.insert(open.end(), before.begin(), before.end());
    }
    return "";
  }

 private:
  /// The operation that made probabilities: the one that gave the value, or one that worked in its place.
  static const jit::Node* squash_of(const jit::Value& value) {
    if (is_one_of(kSquashing, *value.node())) return value.node();
    const auto in_place = std::ranges::find_if(
        value.uses(), [](const jit::Use& use) { return use.user->kind() == c10::aten::sigmoid_; });
    return in_place == value.uses().end() ? nullptr : in_place->user;
  }

  /// The values whose elements are those of `value`.
  [[nodiscard]] Values origins(const jit::Value& value) const {
    const jit::Node& node = *value.node();
    if (is_one_of(kHandingOn, node)) return {node.input(0)};
    switch (node.kind()) {
      case c10::prim::If:
        return of_branches(node, value.offset());
      case c10::prim::Loop:
        // Behind the loop's own condition in the block, and behind its two inputs before it.
        return {node.blocks()[0]->outputs()[value.offset() + 1], node.input(value.offset() + 2)};
      case c10::prim::Param:
        return before_round(node, value.offset());
      case c10::prim::ListConstruct:
        return {node.inputs().begin(), node.inputs().end()};
      case c10::prim::DictConstruct:
        return scores_of(node);
      case c10::prim::TupleConstruct:
      case c10::prim::ListUnpack:
      case c10::prim::unchecked_cast:
      case c10::prim::unchecked_unwrap_optional:
        return node.inputs().empty() ? Values() : Values{node.input(0)};
      default:
        return {};
    }
  }

  [[nodiscard]] Values of_branches(const jit::Node& branch, std::size_t place) const {
    const auto fixed = fixed_condition(*branch.input(0), module_);
    Values values;
    for (std::size_t i = 0; i < 2; ++i) {
      const bool taken = !fixed || *fixed == (i == 0);
      if (taken) values.push_back(branch.blocks()[i]->outputs()[place]);
    }
    return values;
  }

  /// What a round of a loop begins with: what the last one ended with, and what there was before.
  static Values before_round(const jit::Node& begin, std::size_t place) {
    const jit::Node* const loop = begin.owningBlock()->owningNode();
    if (loop == nullptr || loop->kind() != c10::prim::Loop || place == 0) return {};
    return {begin.owningBlock()->outputs()[place], loop->input(place + 1)};
  }

  /// The value under "logits", or the first one.
  static Values scores_of(const jit::Node& dictionary) {
    const auto inputs = dictionary.inputs();
    for (std::size_t i = 0; i + 1 < inputs.size(); i += 2) {
      if (jit::constant_as<std::string>(inputs[i]) == "logits") return {inputs[i + 1]};
    }
    return inputs.size() < 2 ? Values() : Values{inputs[1]};
  }

  const jit::Module& module_;
  std::set<const jit::Value*> seen_;
};

}  // namespace

void refuse_probabilities(const jit::Module& module) {
  const auto forward = module.find_method("forward");
  if (!forward) return;
  const std::shared_ptr<jit::Graph> graph = forward->graph()->copy();
  inline_methods(*graph);
  jit::LowerSimpleTuples(graph);
  const std::string name = Returned(module).squashed_by(graph->outputs()[0]);
  if (name.empty()) return;
  refuse_module("returns what went through " + name +
                "; expected logits, because tagformer computes their sigmoid itself: make forward return the "
                "values from before " +
                name + ", and trace or script the module again");
}

}  // namespace tagformer
