// Limits for the process that loads an untrusted model.
#pragma once

#include <cstdint>
#include <string>

namespace tagformer {

/// Takes from this process, for good, what loading `file` does not need: it can write to no file, its memory
/// ends at a few times the file's size, and SIGXCPU ends it after `processor_seconds`, even if the process
/// that started it has ended. Throws IO.
void limit_process(const std::string& file, std::uint32_t processor_seconds);

}  // namespace tagformer
