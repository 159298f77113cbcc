#include "runtime/process_limits.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/error.h"

namespace tagformer {
namespace {

/// What Node, libtorch and a small forward pass take, generously.
constexpr rlim_t kBaseBytes = rlim_t{4} << 30;

/// `grace` is what the signal that a limit sends is given before the process is killed.
void lower(decltype(RLIMIT_DATA) resource, rlim_t most, rlim_t grace = 0) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) == 0) {
    const auto at_most = [&](rlim_t value) {
      return limit.rlim_max == RLIM_INFINITY ? value : std::min(value, limit.rlim_max);
    };
    limit.rlim_cur = at_most(most);
    limit.rlim_max = at_most(most + grace);
    if (::setrlimit(resource, &limit) == 0) return;
  }
  throw Error("IO", std::string("cannot limit this process: ") + std::strerror(errno));
}

}  // namespace

void limit_process(const std::string& file, std::uint32_t processor_seconds) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) {
    throw Error("IO", "cannot read " + file + ": " + std::strerror(errno));
  }
  lower(RLIMIT_CORE, 0);
  lower(RLIMIT_FSIZE, 0);
  lower(RLIMIT_CPU, processor_seconds, 1);
  lower(RLIMIT_DATA, kBaseBytes + 4 * static_cast<rlim_t>(info.st_size));
}

}  // namespace tagformer
