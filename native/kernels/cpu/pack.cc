// How operands of matrix products are packed: units of 32 bits along the depth, in panels on the right and in
// tiles on the left, and the bytes that stand for numbers.
#include <type_traits>
#include <utility>

#include "kernels/cpu/matmul.h"

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

TAGFORMER_INLINE void store_units(std::uint32_t* p, const Words& units) { std::memcpy(p, &units, kBytes); }

/// Units along a row: those of `x[0]` up to `x[count]`, at most a register; zeros stand for those beyond.
template <typename T>
TAGFORMER_INLINE Words units_along(const T* x, std::int64_t count) {
  if constexpr (kPerUnit<T> == 1) {
    return reinterpret_cast<Words>(load(x, count < kLanes ? count : kLanes));
  } else {
    Words units{};
    std::memcpy(&units, x,
                count < kPerUnit<T> * kLanes ? static_cast<std::size_t>(count) * sizeof(T) : kBytes);
    return units;
  }
}

/// Units across rows: of `lanes` neighbours in the row `x` and the ones below it, of which there are `rows`.
template <typename T>
TAGFORMER_INLINE Words units_across(const T* x, std::int64_t stride, std::int64_t rows, std::int64_t lanes) {
  if constexpr (kPerUnit<T> == 1) {
    return reinterpret_cast<Words>(load(x, lanes));
  } else {
    const Words low = __builtin_convertvector(load_halves(x, lanes), Words);
    return rows < 2 ? low : low | (__builtin_convertvector(load_halves(x + stride, lanes), Words) << 16);
  }
}

/// Exchanges lanes of two rows of a square, kDistance apart, which are as far from the diagonal.
template <int kDistance, int... kLane>
TAGFORMER_INLINE void exchange(Words& a, Words& b, std::integer_sequence<int, kLane...>) {
  const Words above = a;
  a = __builtin_shufflevector(above, b, (kLane / kDistance % 2 == 1 ? kLanes + kLane - kDistance : kLane)...);
  b = __builtin_shufflevector(above, b, (kLane / kDistance % 2 == 1 ? kLanes + kLane : kLane + kDistance)...);
}

/// Transposes a square of units: halves of halves of it change places.
template <int kDistance = 1>
TAGFORMER_INLINE void transpose(Words* square) {
  if constexpr (kDistance < kLanes) {
    for (int i = 0; i < kLanes; ++i) {
      if (i / kDistance % 2 == 0) {
        exchange<kDistance>(square[i], square[i + kDistance], std::make_integer_sequence<int, kLanes>{});
      }
    }
    transpose<2 * kDistance>(square);
  }
}

/// Whole numbers that bytes hold: -127 to 127.
constexpr float kLargestByte = 127.0F;
constexpr std::int32_t kZeroByte = 128;

/// The nearest whole number; adding and subtracting 1.5 * 2^23 rounds to it.
TAGFORMER_INLINE Floats round_to_whole(Floats x) {
  const Floats magic = broadcast(12582912.0F);
  return (x + magic) - magic;
}

template <typename T>
TAGFORMER_INLINE float largest_magnitude(const T* x, std::int64_t width) {
  Floats best{};
  for (std::int64_t j = 0; j < width; j += kLanes) {
    const Floats value = load(x + j, lanes_left(j, width));
    best = maximum(best, maximum(value, -value));
  }
  return largest(best);
}

}  // namespace

template <typename T>
void pack_rows(const T* x, std::int64_t stride, std::int64_t rows, std::int64_t depth, std::uint32_t* panel) {
  const std::int64_t units = units_of<T>(depth);
  for (std::int64_t first = 0; first < kPanelColumns; first += kLanes) {
    for (std::int64_t p = 0; p < units; p += kLanes) {
      Words square[kLanes] = {};
      for (std::int64_t i = 0; i < kLanes && first + i < rows; ++i) {
        square[i] = units_along(x + (first + i) * stride + p * kPerUnit<T>, depth - p * kPerUnit<T>);
      }
      transpose(square);
      for (std::int64_t i = 0; i < lanes_left(p, units); ++i) {
        store_units(panel + (p + i) * kPanelColumns + first, square[i]);
      }
    }
  }
}

template <typename T>
void pack_columns(const T* x, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                  std::uint32_t* panel) {
  for (std::int64_t row = 0; row < depth; row += kPerUnit<T>, panel += kPanelColumns) {
    for (std::int64_t j = 0; j < kPanelColumns; j += kLanes) {
      const bool there = j < columns;
      store_units(
          panel + j,
          there ? units_across(x + row * stride + j, stride, depth - row, lanes_left(j, columns)) : Words{});
    }
  }
}

#ifdef TAGFORMER_TILES

template <typename T>
void pack_left(const T* x, std::int64_t stride, std::int64_t depth, std::int64_t columns,
               std::uint32_t* pieces) {
  const std::int64_t units = units_of<T>(depth);
  for (std::int64_t first = 0; first < columns; first += kLanes) {
    const std::int64_t lanes = lanes_left(first, columns);
    for (std::int64_t p = 0; p < units; p += kLanes) {
      Words square[kLanes] = {};
      const std::int64_t count = lanes_left(p, units);
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t row = (p + i) * kPerUnit<T>;
        square[i] = units_across(x + row * stride + first, stride, depth - row, lanes);
      }
      transpose(square);
      for (std::int64_t j = 0; j < lanes; ++j) {
        std::memcpy(pieces + (first + j) * units + p, &square[j],
                    static_cast<std::size_t>(count) * sizeof(std::uint32_t));
      }
    }
  }
}

#else

template <typename T>
void pack_left(const T* x, std::int64_t stride, std::int64_t depth, std::int64_t columns,
               std::uint32_t* pieces) {
  const std::int64_t units = units_of<T>(depth);
  for (std::int64_t first = 0; first < columns; first += kLeftColumns) {
    const std::int64_t last = first + kLeftColumns < columns ? first + kLeftColumns : columns;
    for (std::int64_t p = 0; p < units; ++p) {
      const T* const row = x + p * kPerUnit<T> * stride;
      std::uint32_t line[kLeftColumns] = {};
      for (std::int64_t j = first; j < last; j += kLanes) {
        store_units(line + (j - first),
                    units_across(row + j, stride, depth - p * kPerUnit<T>, lanes_left(j, last)));
      }
      for (std::int64_t j = first; j < last; j += kTileRows) {
        std::memcpy(pieces + j * units + p * kTileRows, line + (j - first),
                    kTileRows * sizeof(std::uint32_t));
      }
    }
  }
}

#endif

template <typename T>
void quantise_rows(const T* x, std::int64_t rows, std::int64_t width, std::uint8_t* y, std::int64_t y_stride,
                   float* scales) {
  for (std::int64_t i = 0; i < rows; ++i) {
    const T* const from = x + i * width;
    std::uint8_t* const to = y + i * y_stride;
    const float most = largest_magnitude(from, width);
    const float factor = most > 0.0F ? kLargestByte / most : 0.0F;
    scales[i] = most / kLargestByte;
    for (std::int64_t j = 0; j < y_stride; j += kLanes) {
      const std::int64_t left = lanes_left(j, width);
      const Floats whole = round_to_whole(left > 0 ? load(from + j, left) * factor : Floats{});
      store_bytes(to + j, __builtin_convertvector(whole, Ints) + kZeroByte, lanes_left(j, y_stride));
    }
  }
}

template <typename T>
void quantise_panel(const T* x, std::int64_t stride, std::int64_t rows, std::int64_t depth,
                    std::uint32_t* panel, float* scales, std::int32_t* corrections) {
  const std::int64_t units = units_of<Byte>(depth);
  if (rows < kPanelColumns)
    std::memset(panel, 0, static_cast<std::size_t>(units * kPanelColumns) * sizeof *panel);
  for (std::int64_t row = 0; row < kPanelColumns && row < rows; ++row) {
    const T* const from = x + row * stride;
    const float most = largest_magnitude(from, depth);
    const float factor = most > 0.0F ? kLargestByte / most : 0.0F;
    Ints sums{};
    for (std::int64_t j = 0; j < depth; j += kLanes) {
      const Floats scaled = load(from + j, lanes_left(j, depth)) * factor;
      const Ints whole = __builtin_convertvector(round_to_whole(scaled), Ints);
      sums += whole;
      std::uint8_t bytes[kLanes];
      store_bytes(bytes, whole, kLanes);
      for (std::int64_t i = 0; i < kLanes / 4 && j / 4 + i < units; ++i) {
        std::memcpy(panel + (j / 4 + i) * kPanelColumns + row, bytes + 4 * i, 4);
      }
    }
    scales[row] = most / kLargestByte;
    corrections[row] = 0;
    for (int i = 0; i < kLanes; ++i) corrections[row] += kZeroByte * sums[i];
  }
}

#define TAGFORMER_INSTANTIATE(T)                                                                           \
  template void quantise_rows(const T*, std::int64_t, std::int64_t, std::uint8_t*, std::int64_t, float*);  \
  template void quantise_panel(const T*, std::int64_t, std::int64_t, std::int64_t, std::uint32_t*, float*, \
                               std::int32_t*);                                                             \
  template void pack_rows(const T*, std::int64_t, std::int64_t, std::int64_t, std::uint32_t*);             \
  template void pack_columns(const T*, std::int64_t, std::int64_t, std::int64_t, std::uint32_t*);          \
  template void pack_left(const T*, std::int64_t, std::int64_t, std::int64_t, std::uint32_t*)
TAGFORMER_INSTANTIATE(float);
TAGFORMER_INSTANTIATE(bf16);
#undef TAGFORMER_INSTANTIATE

}  // namespace tagformer::cpu::TAGFORMER_ISA
