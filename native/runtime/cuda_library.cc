#include "runtime/cuda_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include "runtime/device.h"

namespace tagformer {
namespace {

constexpr const char* kAdvice = "; type: npx tagformer setup --cuda";

/// The file that this code was loaded from.
std::string own_directory() {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(&own_directory), &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string file = info.dli_fname;
  return file.substr(0, file.rfind('/') + 1);
}

/// Fills `library`, or says why not.
std::string open_into(OwnCudaLibrary& library) {
  const char* const file = library.file.c_str();
  // A test's stand-in is no file, but open already under its name.
  if (::access(file, R_OK) != 0 && ::dlopen(file, RTLD_LAZY | RTLD_NOLOAD) == nullptr)
    return "it is not built: there is no " + library.file + kAdvice;
  const CudaLibrary& torch = open_cuda_library();  // what it is linked with
  if (!torch.problem.empty()) return torch.problem;
  void* const opened = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) {
    const char* const reason = ::dlerror();
    return library.file + " cannot be opened (" + (reason == nullptr ? "no reason given" : reason) + ")" +
           kAdvice;
  }
  const auto version = reinterpret_cast<LibraryVersion>(::dlsym(opened, "tagformer_cuda_version"));
  const std::string found = version == nullptr ? "nothing that is known" : version();
  if (found != kOwnCudaLibraryVersion) {
    return library.file + " was built as " + found + ", expected " + kOwnCudaLibraryVersion + kAdvice;
  }
  library.make_nccl = reinterpret_cast<MakeNccl>(::dlsym(opened, "tagformer_make_nccl"));
  library.make_recording = reinterpret_cast<MakeRecording>(::dlsym(opened, "tagformer_make_recording"));
  return library.make_recording == nullptr ? library.file + " makes no recordings" + kAdvice : "";
}

OwnCudaLibrary open_own_library() {
  OwnCudaLibrary library{.file = own_directory() + "libtagformer_cuda.so", .problem = ""};
  library.problem = open_into(library);
  return library;
}

}  // namespace

const OwnCudaLibrary& open_own_cuda_library() {
  static const OwnCudaLibrary library = open_own_library();
  return library;
}

}  // namespace tagformer
