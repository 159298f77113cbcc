// Experimental GPU paths: not yet proven on a GPU, off by default, enabled by name.
#pragma once

#include <string>
#include <vector>

namespace tagformer {

/// See docs/cuda.md. Their names are those of the fields.
struct Experiments {
  /// Batches are packed, and attended by libtorch's flash kernels, where model and precision allow it.
  bool flash = false;
  /// Whole training steps are recorded, one recording for each shape of batch, and replayed.
  bool graphs = false;
  /// fp32 products round their factors to TF32, in the whole process.
  bool tf32 = false;
  /// Operations add in the same order every time, in the whole process; what knows no such order warns.
  bool deterministic = false;
  /// Processes with a GPU each sum their gradients by NCCL, and not by Gloo through the CPU's memory.
  bool nccl = false;
};

/// The experiments of these names. Throws INVALID_OPTION for another.
Experiments experiments_named(const std::vector<std::string>& names);

}  // namespace tagformer
