#pragma once

#include <type_traits>

#include "kernels/cpu/tiles.h"
#include "kernels/cpu/vector.h"

namespace tagformer::cpu::TAGFORMER_ISA {

/// Rows and registers of results that are summed at once: 24 accumulators of 32 registers, 12 of 16.
constexpr int kSumRows = 6;
constexpr int kTileVectors = kRegisters == 32 ? 4 : 2;
/// Rows of a tile of results: a matrix unit wants many, sixteen at a time.
#ifdef TAGFORMER_TILES
constexpr int kTileRows = 8 * kSumRows;
static_assert(kTileRows % kTileSize == 0);
#else
constexpr int kTileRows = kSumRows;
#endif
constexpr std::int64_t kPanelColumns = kTileVectors * kLanes;
/// Columns that pack_left takes at a time: whole registers and whole tiles.
constexpr std::int64_t kLeftColumns = std::int64_t{8} * kSumRows;
static_assert(kLeftColumns % kLanes == 0);
constexpr MatrixTiling kTiling = {kTileRows, kPanelColumns, kLeftColumns};

/// Without an instruction for products of bf16 pairs, operands of bf16 are the floats that their numbers are:
/// bf16 is then as fast as fp32.
#if defined(__AVX512BF16__) || defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
template <typename T>
constexpr bool kWidened = false;
#else
template <typename T>
constexpr bool kWidened = std::is_same_v<T, bf16>;
#endif

/// Numbers in a unit of an operand.
template <typename T>
constexpr std::int64_t kPerUnit = kWidened<T> ? 1 : 4 / static_cast<std::int64_t>(sizeof(T));

/// Bytes on the right side of a product.
using Byte = std::int8_t;

/// Units that hold so many numbers.
template <typename T>
constexpr std::int64_t units_of(std::int64_t depth) {
  return (depth + kPerUnit<T> - 1) / kPerUnit<T>;
}

template <typename T>
void multiply(const MatrixProduct<T>&, std::int64_t begin, std::int64_t end);
template <typename T>
void pack_rows(const T* x, std::int64_t stride, std::int64_t rows, std::int64_t depth, std::uint32_t* panel);
template <typename T>
void pack_columns(const T* x, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                  std::uint32_t* panel);
template <typename T>
void pack_left(const T* x, std::int64_t stride, std::int64_t depth, std::int64_t columns,
               std::uint32_t* pieces);
template <typename T>
void multiply_bytes(const ByteProduct<T>&, std::int64_t begin, std::int64_t end);
template <typename T>
void quantise_rows(const T* x, std::int64_t rows, std::int64_t width, std::uint8_t* y, std::int64_t y_stride,
                   float* scales);
template <typename T>
void quantise_panel(const T* x, std::int64_t stride, std::int64_t rows, std::int64_t depth,
                    std::uint32_t* panel, float* scales, std::int32_t* corrections);

}  // namespace tagformer::cpu::TAGFORMER_ISA
