// Random numbers of the device: a generator of its own kind, which draws as the CPU's does.
#pragma once

#include <ATen/core/Generator.h>

#include <optional>

namespace simulated {

/// The default generator of a device; -1: of the present one.
const at::Generator& default_generator(int index);
at::Generator new_generator();
/// The CPU generator inside of the one that an operation was given, or of the default one. Throws where it is
/// of another device.
at::Generator inner_generator(const std::optional<at::Generator>& given);

}  // namespace simulated
