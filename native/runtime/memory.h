// Recognizes out-of-memory errors.
#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <string_view>

#include "runtime/error.h"

namespace tagformer {

/// Whether the text of an error says that an allocation failed: libtorch has no type for that on the host,
/// nor for what libraries below it say.
inline bool tells_out_of_memory(std::string_view text) {
  for (const char* const sign : {"can't allocate memory", "CUDA out of memory", "CUDA error: out of memory",
                                 "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"}) {
    if (text.find(sign) != std::string_view::npos) return true;
  }
  // oneDNN, once it has found an implementation; where it has none it speaks of a "primitive descriptor".
  return text.ends_with("could not create a primitive");
}

/// Whether `error` says that an allocation failed, on the host or on a device.
inline bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const auto* const told = dynamic_cast<const Error*>(&error);
  if (told != nullptr) return told->code() == "OUT_OF_MEMORY";
  const auto* const failure = dynamic_cast<const c10::Error*>(&error);
  return tells_out_of_memory(failure != nullptr ? failure->what_without_backtrace() : error.what());
}

}  // namespace tagformer
