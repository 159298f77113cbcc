// Memory that the process has taken, and a limit to it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace tagformer::driver {

/// Bytes in use: of the whole GPU, where libtorch keeps what it freed; on the CPU the most that the process
/// ever had.
std::int64_t memory_in_use(c10::Device device);

/// Leaves this many bytes free: on a GPU while the result lives, on the CPU for good.
at::Tensor leave_free(c10::Device device, std::int64_t bytes);

}  // namespace tagformer::driver
