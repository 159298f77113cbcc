#include "weights/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/error.h"
#include "runtime/stop.h"

namespace tagformer {
namespace {

/// Bytes written between two checks of the stop flag.
constexpr std::int64_t kChunk = 1 << 20;
/// Bytes sent to the disk together.
constexpr std::int64_t kWindow = 4 * kChunk;

}  // namespace

File::File(std::string path, int flags)
    : path_(std::move(path)),
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg,bugprone-signed-bitwise): so is POSIX's open
      descriptor_(::open(path_.c_str(), flags | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) fail("open");
  opened_ = state();
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void File::read(char* to, std::int64_t begin, std::int64_t count) const {
  while (count > 0) {
    const ssize_t got = ::pread(descriptor_, to, static_cast<std::size_t>(count), begin);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read");
    if (got == 0) throw Error("INVALID_MODEL", path_ + " ended early: it was cut while it was being read");
    to += got;
    begin += got;
    count -= got;
  }
}

void File::write(const char* from, std::int64_t count) {
  while (count > 0) {
    check_stop();
    const ssize_t put = ::write(descriptor_, from, static_cast<std::size_t>(std::min(count, kChunk)));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("write");
    from += put;
    count -= put;
    written_ += put;
    write_back();
  }
}

void File::write_back() {
#ifdef __linux__
  const auto sync = [this](std::int64_t begin, unsigned how) {
    // A write error that is reported here is not reported again by fsync; other errors mean that the file is
    // not on a disk.
    const bool lost =
        ::sync_file_range(descriptor_, begin, kWindow, how) != 0 && (errno == EIO || errno == ENOSPC);
    if (lost) fail("write");
  };
  for (; written_ - sent_ >= kWindow; sent_ += kWindow) {
    if (sent_ > 0) sync(sent_ - kWindow, SYNC_FILE_RANGE_WAIT_BEFORE);
    sync(sent_, SYNC_FILE_RANGE_WRITE);
  }
#endif
}

void File::finish() {
  if (::fsync(descriptor_) != 0) fail("flush");
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0) fail("close");
}

bool File::is_read_only() const { return opened_.read_only; }

bool File::has_changed() const {
  const State now = state();
  return now.size != opened_.size || now.modified.tv_sec != opened_.modified.tv_sec ||
         now.modified.tv_nsec != opened_.modified.tv_nsec;
}

std::shared_ptr<char> File::map() {
  if (auto mapping = mapping_.lock()) return mapping;
  const auto size = static_cast<std::size_t>(opened_.size);
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor_, 0);
  if (at == MAP_FAILED) fail("map");  // NOLINT(performance-no-int-to-ptr): so is POSIX's MAP_FAILED
  std::shared_ptr<char> mapping(static_cast<char*>(at), [size](char* begin) { ::munmap(begin, size); });
  mapping_ = mapping;
  return mapping;
}

File::State File::state() const {
  struct stat found{};
  if (::fstat(descriptor_, &found) != 0) fail("read");
#ifdef __APPLE__
  const timespec modified = found.st_mtimespec;
#else
  const timespec modified = found.st_mtim;
#endif
  constexpr mode_t kWritable = S_IWUSR | S_IWGRP | S_IWOTH;  // NOLINT(bugprone-signed-bitwise): POSIX's
  return {found.st_size, modified, (found.st_mode & kWritable) == 0};
}

void File::fail(const char* what) const {
  throw Error("IO", std::string("could not ") + what + " " + path_ + ": " + std::strerror(errno));
}

}  // namespace tagformer
