// Files of weights.
#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>

namespace tagformer {

/// An open file that closes itself. All errors are IO, with the path.
class File {
 public:
  /// `flags` as POSIX's open takes them.
  File(std::string path, int flags);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Bytes when it was opened.
  [[nodiscard]] std::int64_t size() const { return opened_.size; }

  /// Reads [begin, begin + count). Throws INVALID_MODEL where the file ends before that.
  void read(char* to, std::int64_t begin, std::int64_t count) const;
  /// Appends; a stopped job ends between parts.
  void write(const char* from, std::int64_t count);
  /// Flushes to disk and closes; a failure of either means that the file was not saved.
  void finish();

  /// True where the file's mode lets no user write, so that the bytes do not change.
  [[nodiscard]] bool is_read_only() const;
  /// Whether size or time of modification are others than when the file was opened.
  [[nodiscard]] bool has_changed() const;

  /// The bytes in memory, shared with all processes that map them; what is written there is this one's own.
  /// Pages are read when they are first used, so truncating the file kills the process: only for a file that
  /// is_read_only(). The same mapping every time; it may outlive the file.
  std::shared_ptr<char> map();

 private:
  struct State {
    std::int64_t size;
    timespec modified;
    bool read_only;
  };
  [[nodiscard]] State state() const;
  /// Starts writing to the disk early, so that neither a write nor the final flush blocks for long where it
  /// cannot be stopped; the total wait for the disk is the same.
  void write_back();
  [[noreturn]] void fail(const char* what) const;

  std::string path_;
  int descriptor_;
  State opened_{};
  std::int64_t written_ = 0;
  /// Of these, how many are on the disk or on their way there.
  [[maybe_unused]] std::int64_t sent_ = 0;
  std::weak_ptr<char> mapping_;
};

}  // namespace tagformer
