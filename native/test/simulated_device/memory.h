// Memory that only the device may touch, memory that is pinned, and copies between them that come late.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace simulated {

/// Where kernels see what lies at an address of the device: the same bytes, in a range that may be read.
/// Other addresses stay as they are.
char* visible(const void* address);

c10::Allocator* device_allocator();
c10::Allocator* pinned_allocator();
bool is_pinned(const void* address);

/// Copies `bytes` from pinned memory to the device as late as a GPU might: when the next kernel starts.
void upload_late(const void* from, const void* to, std::size_t bytes);
/// Copies to pinned memory as late as a GPU might: when the host waits. Until then 0xA5 lies there.
void download_late(const void* from, void* to, std::size_t bytes);
/// Kernels see what was given to the device before them.
void finish_uploads();
/// The host waits for everything.
void finish_copies();
/// The same, counted and refused as a wait is.
void wait(const char* who);

/// All blocks in use of the device's memory, by address and size.
std::vector<std::pair<const void*, std::size_t>> blocks_in_use();

}  // namespace simulated
