#include "torchscript/containers.h"

#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/ir.h>

#include <string>
#include <vector>

#include "torchscript/graph.h"
#include "torchscript/refuse.h"

namespace tagformer {
namespace {

namespace jit = torch::jit;

void find_containers(const jit::Block& block, std::vector<const jit::Node*>& found) {
  for (const jit::Node* const node : block.nodes()) {
    for (const jit::Block* const inner : node->blocks()) find_containers(*inner, found);
    if (node->kind() != c10::prim::GetAttr) continue;
    const c10::TypeKind kind = node->output()->type()->kind();
    if (kind == c10::TypeKind::ListType || kind == c10::TypeKind::DictType) found.push_back(node);
  }
}

}  // namespace

void refuse_changed_containers(const jit::Module& module) {
  const auto forward = module.find_method("forward");
  if (!forward) return;
  const std::shared_ptr<jit::Graph> graph = forward->graph()->copy();
  inline_methods(*graph);
  std::vector<const jit::Node*> containers;
  find_containers(*graph->block(), containers);
  if (containers.empty()) return;
  const jit::AliasDb aliases(graph);
  for (const jit::Node* const container : containers) {
    if (!aliases.hasWriters(container->output())) continue;
    refuse_module("changes its list or dictionary " + container->s(c10::attr::name) +
                  " while it computes; expected that only tensors change: keep it in a buffer");
  }
}

}  // namespace tagformer
