// Our own second library, libtagformer_cuda.so: what needs CUDA's headers to be built (native/cuda).
#pragma once

#include <c10/core/Device.h>

#include <chrono>
#include <string>

#include "runtime/recording.h"

namespace c10d {
class Backend;
class Store;
}  // namespace c10d

namespace tagformer {

/// What the library is made for; both sides must say the same.
constexpr const char* kOwnCudaLibraryVersion = TAGFORMER_VERSION " for libtorch " TAGFORMER_TORCH_VERSION;

/// Its functions, by these names and with C linkage.
using LibraryVersion = const char* (*)();
using MakeRecording = Recording* (*)(c10::DeviceIndex, const Recording* like);
/// A group of ranks, each with a GPU of its own, that meet at the store; the caller owns it.
using MakeNccl = c10d::Backend* (*)(c10d::Store*, int rank, int size, std::chrono::milliseconds timeout);

struct OwnCudaLibrary {
  std::string file;
  /// Why it cannot be used, and what to type; empty when it is open.
  std::string problem;
  MakeRecording make_recording = nullptr;
  /// None where it was built without NCCL's header.
  MakeNccl make_nccl = nullptr;
};

/// Opens it, once in a process, beside the add-on (or program) that this is part of.
const OwnCudaLibrary& open_own_cuda_library();

}  // namespace tagformer
