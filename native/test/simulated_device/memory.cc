#include "simulated_device/memory.h"

#include <c10/core/Allocator.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>

#include "simulated_device/recording.h"
#include "simulated_device/state.h"

namespace simulated {
namespace {

/// Address space; pages are taken when they are touched.
constexpr std::size_t kDeviceBytes = std::size_t{64} << 30;
constexpr std::size_t kPinnedBytes = std::size_t{8} << 30;
/// As libtorch's caching allocator rounds.
constexpr std::size_t kBlock = 512;
/// Of fresh and of freed memory: NaN, and another NaN.
constexpr int kFresh = 0xFF;
constexpr int kFreed = 0xFD;

std::size_t rounded(std::size_t bytes) {
  return (std::max<std::size_t>(bytes, 1) + kBlock - 1) / kBlock * kBlock;
}

char* reserve(std::size_t bytes, int protection) {
  void* const at = ::mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  return static_cast<char*>(at);
}

/// A range of addresses, given out in blocks. What was freed longest ago is used again first, so that stale
/// pointers read what freed memory holds.
class Arena {
 public:
  std::size_t take(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    const std::size_t size = rounded(bytes);
    std::deque<std::size_t>& free = free_[size];
    std::size_t at = end_;
    if (free.empty()) {
      end_ += size;
    } else {
      at = free.front();
      free.pop_front();
    }
    used_[at] = size;
    return at;
  }

  std::size_t size_of(std::size_t at) {
    const std::scoped_lock lock(mutex_);
    return used_.at(at);
  }

  /// Another thread may have the block before this returns.
  std::size_t give_back(std::size_t at) {
    const std::scoped_lock lock(mutex_);
    const auto found = used_.find(at);
    const std::size_t size = found->second;
    used_.erase(found);
    free_[size].push_back(at);
    return size;
  }

  std::map<std::size_t, std::size_t> used() {
    const std::scoped_lock lock(mutex_);
    return used_;
  }

 private:
  std::mutex mutex_;
  std::size_t end_ = kBlock;
  std::map<std::size_t, std::deque<std::size_t>> free_;
  std::map<std::size_t, std::size_t> used_;
};

struct Space {
  /// What tensors point to: nobody may read or write it.
  char* device = reserve(kDeviceBytes, PROT_NONE);
  /// The same for kernels.
  char* twin = reserve(kDeviceBytes, PROT_READ | PROT_WRITE);
  char* pinned = reserve(kPinnedBytes, PROT_READ | PROT_WRITE);
  Arena device_blocks, pinned_blocks;
};

Space& space() {
  static Space& space = *new Space;  // outlives every tensor
  return space;
}

bool is_within(const void* address, const char* begin, std::size_t bytes) {
  const auto* const at = static_cast<const char*>(address);
  return at >= begin && at < begin + bytes;
}

/// A copy that has not happened yet.
struct Late {
  const char* from;
  char* to;
  std::size_t bytes;
  /// Of a download: what will lie there.
  std::vector<char> content;
};

std::mutex late_mutex;
std::vector<Late>& late_copies() {
  static auto& copies = *new std::vector<Late>;
  return copies;
}

void free_device(void* address) {
  if (address == nullptr) return;
  finish_uploads();
  const std::size_t at = static_cast<std::size_t>(static_cast<char*>(address) - space().device);
  std::memset(space().twin + at, kFreed, space().device_blocks.size_of(at));
  counters().bytes -= space().device_blocks.give_back(at);
}

void free_pinned(void* address) {
  if (address == nullptr) return;
  // CUDA's allocator does not use a block again before copies from it are done.
  finish_copies();
  const std::size_t at = static_cast<std::size_t>(static_cast<char*>(address) - space().pinned);
  counters().pinned_bytes -= space().pinned_blocks.give_back(at);
}

class DeviceAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(current_device()));
    if (bytes == 0) return {nullptr, nullptr, &free_device, device};
    check_alive();
    refuse_beyond(bytes);
    const std::size_t at = space().device_blocks.take(bytes);
    std::memset(space().twin + at, kFresh, rounded(bytes));
    Counters& all = counters();
    ++all.allocations;
    const std::uint64_t now = all.bytes += rounded(bytes);
    std::uint64_t peak = all.peak_bytes;
    while (now > peak && !all.peak_bytes.compare_exchange_weak(peak, now)) {
    }
    char* const address = space().device + at;
    return {address, address, &free_device, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_device; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    std::memmove(visible(to), visible(from), bytes);
  }

 private:
  static void refuse_beyond(std::size_t bytes) {
    std::atomic<std::int64_t>& left = faults().allocations_left;
    const bool refused = left >= 0 && left.fetch_sub(1) == 0;
    const std::uint64_t all = faults().memory;
    TORCH_CHECK_WITH(OutOfMemoryError, !refused && counters().bytes + rounded(bytes) <= all,
                     "CUDA out of memory. Tried to allocate ", bytes, " bytes; ", counters().bytes.load(),
                     " of ", all, " are in use.");
  }
};

class PinnedAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    const c10::Device cpu(c10::kCPU);
    if (bytes == 0) return {nullptr, nullptr, &free_pinned, cpu};
    check_alive();
    const std::size_t at = space().pinned_blocks.take(bytes);
    counters().pinned_bytes += rounded(bytes);
    char* const address = space().pinned + at;
    std::memset(address, kFresh, rounded(bytes));
    return {address, address, &free_pinned, cpu};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_pinned; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    std::memmove(to, from, bytes);
  }
};

/// Makes the copies that `chosen` names, in order.
template <typename Chosen>
void make_copies(const Chosen& chosen) {
  const std::scoped_lock lock(late_mutex);
  std::erase_if(late_copies(), [&](const Late& copy) {
    if (!chosen(copy)) return false;
    std::memcpy(copy.to, copy.content.empty() ? copy.from : copy.content.data(), copy.bytes);
    return true;
  });
}

}  // namespace

char* visible(const void* address) {
  auto* const at = static_cast<char*>(const_cast<void*>(address));
  return is_within(address, space().device, kDeviceBytes) ? space().twin + (at - space().device) : at;
}

c10::Allocator* device_allocator() {
  static DeviceAllocator& allocator = *new DeviceAllocator;
  return &allocator;
}

c10::Allocator* pinned_allocator() {
  static PinnedAllocator& allocator = *new PinnedAllocator;
  return &allocator;
}

bool is_pinned(const void* address) { return is_within(address, space().pinned, kPinnedBytes); }

void upload_late(const void* from, const void* to, std::size_t bytes) {
  const std::scoped_lock lock(late_mutex);
  late_copies().push_back({static_cast<const char*>(from), visible(to), bytes, {}});
}

void download_late(const void* from, void* to, std::size_t bytes) {
  const char* const now = visible(from);
  const std::scoped_lock lock(late_mutex);
  late_copies().push_back({nullptr, static_cast<char*>(to), bytes, {now, now + bytes}});
  std::memset(to, 0xA5, bytes);
}

void finish_uploads() {
  make_copies([](const Late& copy) { return copy.content.empty(); });
}

void finish_copies() {
  make_copies([](const Late&) { return true; });
}

void wait(const char* who) {
  check_alive();
  refuse_while_recording(who);
  ++counters().waits;
  finish_copies();
}

std::vector<std::pair<const void*, std::size_t>> blocks_in_use() {
  std::vector<std::pair<const void*, std::size_t>> blocks;
  for (const auto& [at, size] : space().device_blocks.used()) blocks.emplace_back(space().device + at, size);
  return blocks;
}

}  // namespace simulated
