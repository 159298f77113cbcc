// Matrix products on the processor's matrix unit (Intel's AMX, from Sapphire Rapids on): registers that hold
// sixteen rows of 64 bytes, and an instruction that multiplies two of them. A unit of an operand, two bf16
// numbers or four bytes, is what that instruction takes as one, and a panel's rows of units are what it wants
// on its right. (Intel 64 and IA-32 Architectures Optimization Reference Manual, chapter 20.)
#pragma once

#include <type_traits>

#include "kernels/cpu/vector.h"

#if defined(__AMX_BF16__) && defined(__AMX_INT8__)
#define TAGFORMER_TILES 1

namespace tagformer::cpu::TAGFORMER_ISA {

/// Rows of a tile register, and units in one of its rows.
constexpr std::int64_t kTileSize = 16;

/// Tile registers: four of sums (two by two), two of the left operand and two of the right one.
class TileRegisters {
 public:
  TileRegisters() = default;
  ~TileRegisters() {
    if (rows_ != 0) _tile_release();
  }
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;

  /// Left operands and sums have `rows`, 1 to 2 * kTileSize.
  [[gnu::always_inline]] void shape(std::int64_t rows) {
    if (rows_ == rows) return;
    rows_ = rows;
    const auto upper = static_cast<std::uint8_t>(rows < kTileSize ? rows : kTileSize);
    const auto lower = static_cast<std::uint8_t>(rows - upper);
    const std::uint8_t heights[8] = {upper, upper, lower, lower, upper, lower, kTileSize, kTileSize};
    Configuration configuration = {};
    for (int i = 0; i < 8; ++i) {
      configuration.heights[i] = heights[i];
      configuration.row_bytes[i] = heights[i] == 0 ? 0 : 4 * kTileSize;
    }
    _tile_loadconfig(&configuration);
  }

 private:
  /// As LDTILECFG reads it.
  struct alignas(64) Configuration {
    std::uint8_t palette = 1;
    std::uint8_t first_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t heights[16] = {};
  };

  std::int64_t rows_ = 0;
};

/// GCC 12 does not tell its optimizer that tile instructions read memory.
TAGFORMER_INLINE void finish_writing() { __asm__ volatile("" ::: "memory"); }

/// Adds to the sums: kTileSize units of all rows times those of 32 columns. Rows are `left_bytes` apart on
/// the left, and kTileSize rows of units `right_bytes` on the right.
template <bool kBytes, bool kTwo>
TAGFORMER_INLINE void multiply_units(const unsigned char* left, std::int64_t left_bytes,
                                     const std::uint32_t* right, std::int64_t right_bytes) {
  _tile_loadd(6, right, right_bytes);
  _tile_loadd(7, right + kTileSize, right_bytes);
  _tile_loadd(4, left, left_bytes);
  if constexpr (kTwo) _tile_loadd(5, left + kTileSize * left_bytes, left_bytes);
  if constexpr (kBytes) {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    if constexpr (kTwo) {
      _tile_dpbusd(2, 5, 6);
      _tile_dpbusd(3, 5, 7);
    }
  } else {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (kTwo) {
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
}

/// The last units of a product, filled up with zeros.
template <std::int64_t kColumns>
struct LastUnits {
  alignas(64) std::uint32_t left[2 * kTileSize][kTileSize];
  alignas(64) std::uint32_t right[kTileSize][kColumns];
};

/// sums [rows, kColumns] = left x panel, of up to 2 * kTileSize rows and a panel of kColumns columns.
template <bool kBytes, bool kTwo, std::int64_t kColumns, typename Sum>
TAGFORMER_INLINE void multiply_panel(std::int64_t rows, const unsigned char* left, std::int64_t left_bytes,
                                     const std::uint32_t* panel, std::int64_t units, Sum (*sums)[kColumns]) {
  constexpr std::int64_t kRowBytes = 4 * kColumns;
  const std::int64_t whole = units / kTileSize * kTileSize;
  const std::int64_t rest = units - whole;
  LastUnits<kColumns> last;
  if (rest > 0) {
    std::memset(&last, 0, sizeof last);
    for (std::int64_t i = 0; i < rows; ++i)
      std::memcpy(last.left[i], left + i * left_bytes + 4 * whole, static_cast<std::size_t>(4 * rest));
    std::memcpy(last.right, panel + whole * kColumns, static_cast<std::size_t>(rest * kRowBytes));
    finish_writing();
  }
  for (std::int64_t column = 0; column < kColumns; column += 2 * kTileSize) {
    _tile_zero(0);
    _tile_zero(1);
    if constexpr (kTwo) {
      _tile_zero(2);
      _tile_zero(3);
    }
    for (std::int64_t p = 0; p < whole; p += kTileSize)
      multiply_units<kBytes, kTwo>(left + 4 * p, left_bytes, panel + p * kColumns + column, kRowBytes);
    if (rest > 0)
      multiply_units<kBytes, kTwo>(reinterpret_cast<const unsigned char*>(last.left), 4 * kTileSize,
                                   &last.right[0][column], kRowBytes);
    _tile_stored(0, &sums[0][column], kRowBytes);
    _tile_stored(1, &sums[0][column + kTileSize], kRowBytes);
    if constexpr (kTwo) {
      _tile_stored(2, &sums[kTileSize][column], kRowBytes);
      _tile_stored(3, &sums[kTileSize][column + kTileSize], kRowBytes);
    }
  }
  finish_writing();
}

/// Rows of `left` times a panel over the whole depth; `finish(row, vector, sums)` takes each register of
/// results.
template <bool kBytes, std::int64_t kColumns, typename Vector, typename Finish>
TAGFORMER_INLINE void multiply_in_tiles(TileRegisters& registers, std::int64_t rows,
                                        const unsigned char* left, std::int64_t left_bytes,
                                        const std::uint32_t* panel, std::int64_t units,
                                        const Finish& finish) {
  using Sum = std::conditional_t<kBytes, std::int32_t, float>;
  alignas(64) Sum sums[2 * kTileSize][kColumns];
  for (std::int64_t first = 0; first < rows; first += 2 * kTileSize) {
    const std::int64_t count = rows - first < 2 * kTileSize ? rows - first : 2 * kTileSize;
    const unsigned char* const from = left + first * left_bytes;
    registers.shape(count);
    if (count > kTileSize) {
      multiply_panel<kBytes, true, kColumns>(count, from, left_bytes, panel, units, sums);
    } else {
      multiply_panel<kBytes, false, kColumns>(count, from, left_bytes, panel, units, sums);
    }
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t j = 0; j < kColumns / kLanes; ++j) {
        Vector values;
        std::memcpy(&values, &sums[i][j * kLanes], sizeof values);
        finish(first + i, j, values);
      }
    }
  }
}

}  // namespace tagformer::cpu::TAGFORMER_ISA
#endif
