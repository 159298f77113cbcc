// TorchScript modules as files.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <map>
#include <string>

namespace tagformer {

/// Writes a module with texts by file name inside; the bytes are on disk when it returns. Throws IO or
/// Stopped.
void write_module(const torch::jit::Module& module, const std::string& file,
                  const std::map<std::string, std::string>& extra_files);

/// Reads a module to the CPU. Throws IO, Stopped, or what libtorch throws.
torch::jit::Module read_module(const std::string& file);

}  // namespace tagformer
