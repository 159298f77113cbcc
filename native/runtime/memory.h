// Telling a lack of memory from other failures.
#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <string_view>

namespace tagformer {

/// Whether `error` says that an allocation failed: on the host, where libtorch has no type for it, or on a
/// device.
inline bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const auto* const failure = dynamic_cast<const c10::Error*>(&error);
  if (failure == nullptr) return false;
  return std::string_view(failure->what_without_backtrace()).find("can't allocate memory") !=
         std::string_view::npos;
}

}  // namespace tagformer
