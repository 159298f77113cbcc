// The dropout mask, one element at a time.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/cpu/kernels.h"

namespace tagformer::test {

/// Dropout at `rate` with some key.
cpu::Dropout dropout_at(double rate);

/// Threefry-4x32 with 20 rounds (Salmon et al., SC11).
std::array<std::uint32_t, 4> threefry(const std::uint32_t (&key)[4], std::array<std::uint32_t, 4> counter);

/// The factor of an element: 0 or `dropout.scale`. `plane` is the head in attention, 0 elsewhere.
double factor(const cpu::Dropout& dropout, std::uint32_t plane, std::uint32_t row, std::int64_t column);

}  // namespace tagformer::test
