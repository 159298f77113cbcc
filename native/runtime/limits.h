// Limits of a process that loads what nobody knows.
#pragma once

#include <string>

namespace tagformer {

/// Takes from this process, for good, what loading `file` does not need: it can write to no file, and its
/// memory ends at a few times the file's size. Throws IO.
void limit_process(const std::string& file);

}  // namespace tagformer
