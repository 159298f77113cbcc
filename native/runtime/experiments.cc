#include "runtime/experiments.h"

#include "runtime/error.h"

namespace tagformer {

Experiments experiments_named(const std::vector<std::string>& names) {
  Experiments experiments;
  for (const std::string& name : names) {
    if (name == "flash") {
      experiments.flash = true;
    } else if (name == "graphs") {
      experiments.graphs = true;
    } else if (name == "tf32") {
      experiments.tf32 = true;
    } else if (name == "deterministic") {
      experiments.deterministic = true;
    } else if (name == "nccl") {
      experiments.nccl = true;
    } else {
      throw Error("INVALID_OPTION", "there is no experiment \"" + name +
                                        "\", expected flash, graphs, tf32, deterministic or nccl");
    }
  }
  return experiments;
}

}  // namespace tagformer
