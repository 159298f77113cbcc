#include "addon/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <string>

#if defined(__linux__)
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tagformer::addon {
namespace {

/// 0 or errno. Not by the C library's renameat2(), which musl and older versions of glibc lack.
int exchange([[maybe_unused]] const std::string& one, [[maybe_unused]] const std::string& other) {
#if defined(__linux__)
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): so is POSIX's syscall
  const long failed =
      ::syscall(SYS_renameat2, AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
  return failed == 0 ? 0 : errno;
#elif defined(__APPLE__)
  return ::renamex_np(one.c_str(), other.c_str(), RENAME_SWAP) == 0 ? 0 : errno;
#else
  return ENOSYS;
#endif
}

}  // namespace

Napi::Value lock_file(const Napi::CallbackInfo& info) {
  const int descriptor = info[0].As<Napi::Number>().Int32Value();
  const int kind = info[1].As<Napi::Boolean>().Value() ? LOCK_EX : LOCK_SH;
  const int failed = ::flock(descriptor, kind | LOCK_NB);  // NOLINT(bugprone-signed-bitwise): POSIX's
  return Napi::Number::New(info.Env(), failed == 0 ? 0 : errno);
}

Napi::Value exchange_paths(const Napi::CallbackInfo& info) {
  const std::string one = info[0].As<Napi::String>().Utf8Value();
  const std::string other = info[1].As<Napi::String>().Utf8Value();
  return Napi::Number::New(info.Env(), exchange(one, other));
}

}  // namespace tagformer::addon
