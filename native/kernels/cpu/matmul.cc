// Matrix products over a packed right operand.
//
// All formats share one loop, because they share one shape: a *unit* is 32 bits along the depth of the sums,
// one float or two bf16 numbers or four bytes. The inner loop broadcasts a unit of the left operand and
// multiplies it with a register of units of the right one, adding into 32-bit accumulators. A tile of
// kSumRows x kTileVectors registers is summed over the whole depth before it is written, so an element is
// one sum in one order, whatever the number of rows and threads.
//
// The right operand is stored in panels as wide as a tile, unit by unit, and is read as one stream; the left
// one is read where it is, kSumRows rows at once. (Goto & van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication", 2008, without their packing of the left operand: with six rows it gained nothing here.)
#include "kernels/cpu/matmul.h"

#include <bit>
#include <type_traits>
#include <utility>

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

/// Panels whose rows share a pass over the left operand: as many as half of a common L2 cache holds.
constexpr std::int64_t kGroupUnits = 512 * 1024 / 4;

/// Bytes on the right side of a product.
using Byte = std::int8_t;

/// What a register of accumulators holds.
template <typename T>
using Sums = std::conditional_t<std::is_same_v<T, Byte>, Ints, Floats>;

TAGFORMER_INLINE Words load_units(const std::uint32_t* p) {
  Words w;
  std::memcpy(&w, p, kBytes);
  return w;
}

TAGFORMER_INLINE Floats multiply_add(float, Floats sums, std::uint32_t left, Words right) {
  return sums + broadcast(std::bit_cast<float>(left)) * reinterpret_cast<Floats>(right);
}

#if defined(__AVX512BF16__)
TAGFORMER_INLINE Floats multiply_add(bf16, Floats sums, std::uint32_t left, Words right) {
  return reinterpret_cast<Floats>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sums),
                                                   reinterpret_cast<__m512bh>(Words{} + left),
                                                   reinterpret_cast<__m512bh>(right)));
}
#elif defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
TAGFORMER_INLINE Floats multiply_add(bf16, Floats sums, std::uint32_t left, Words right) {
  return vbfdotq_f32(sums, reinterpret_cast<bfloat16x8_t>(Words{} + left),
                     reinterpret_cast<bfloat16x8_t>(right));
}
#endif

#if defined(__AVX512VNNI__)
TAGFORMER_INLINE Ints multiply_add(Byte, Ints sums, std::uint32_t left, Words right) {
  return reinterpret_cast<Ints>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sums),
                                                    reinterpret_cast<__m512i>(Words{} + left),
                                                    reinterpret_cast<__m512i>(right)));
}
#elif defined(__ARM_FEATURE_MATMUL_INT8)
TAGFORMER_INLINE Ints multiply_add(Byte, Ints sums, std::uint32_t left, Words right) {
  return vusdotq_s32(sums, reinterpret_cast<uint8x16_t>(Words{} + left), reinterpret_cast<int8x16_t>(right));
}
#else
/// Four products of an unsigned byte on the left and a signed one on the right.
TAGFORMER_INLINE Ints multiply_add(Byte, Ints sums, std::uint32_t left, Words right) {
  for (int byte = 0; byte < 4; ++byte) {
    const auto unsigned_left = static_cast<std::int32_t>((left >> (8 * byte)) & 0xFFU);
    // NOLINTNEXTLINE(bugprone-signed-bitwise): the shift brings the sign down
    sums += (reinterpret_cast<Ints>(right << (24 - 8 * byte)) >> 24) * unsigned_left;
  }
  return sums;
}
#endif

/// Rows of the left operand as units. Packed rows are those of a tile, kTileRows units beside each other; or,
/// for a matrix unit, the rows of the transpose one after the other.
template <bool kPacked>
struct LeftUnits {
  static constexpr bool kBesideEachOther = kPacked && kTileRows == kSumRows;

  const unsigned char* data;
  std::int64_t row_bytes;

  [[nodiscard, gnu::always_inline]] std::uint32_t at(std::int64_t row, std::int64_t unit) const {
    std::uint32_t bits = 0;
    std::memcpy(&bits, data + (kBesideEachOther ? (unit * kTileRows + row) * 4 : row * row_bytes + unit * 4),
                4);
    return bits;
  }
  [[nodiscard, gnu::always_inline]] LeftUnits from(std::int64_t row) const {
    return {data + row * (kBesideEachOther ? 4 : row_bytes), row_bytes};
  }
};

/// Sums kRows rows of `left` times a panel over the whole depth, and hands each register of results to
/// `finish(row, vector, sums)`.
template <typename T, int kRows, typename Left, typename Finish>
TAGFORMER_INLINE void multiply_tile(const Left& left, const std::uint32_t* panel, std::int64_t units,
                                    const Finish& finish) {
  Sums<T> sums[kRows][kTileVectors] = {};
  using Number = std::conditional_t<kWidened<T>, float, T>;
  for (std::int64_t p = 0; p < units; ++p) {
    Words right[kTileVectors];
    for (int j = 0; j < kTileVectors; ++j) right[j] = load_units(panel + p * kPanelColumns + j * kLanes);
    for (int i = 0; i < kRows; ++i) {
      const std::uint32_t unit = left.at(i, p);
      for (int j = 0; j < kTileVectors; ++j) sums[i][j] = multiply_add(Number{}, sums[i][j], unit, right[j]);
    }
  }
  for (int i = 0; i < kRows; ++i) {
    for (int j = 0; j < kTileVectors; ++j) finish(i, j, sums[i][j]);
  }
}

/// The same for a number of rows that is known only now, up to kSumRows.
template <typename T, typename Left, typename Finish>
TAGFORMER_INLINE void multiply_few_rows(std::int64_t rows, const Left& left, const std::uint32_t* panel,
                                        std::int64_t units, const Finish& finish) {
  switch (rows) {
    case 1:
      return multiply_tile<T, 1>(left, panel, units, finish);
    case 2:
      return multiply_tile<T, 2>(left, panel, units, finish);
    case 3:
      return multiply_tile<T, 3>(left, panel, units, finish);
    case 4:
      return multiply_tile<T, 4>(left, panel, units, finish);
    case 5:
      return multiply_tile<T, 5>(left, panel, units, finish);
    default:
      return multiply_tile<T, kSumRows>(left, panel, units, finish);
  }
}

/// What products are computed with beside vector registers.
#ifdef TAGFORMER_TILES
using MatrixUnit = TileRegisters;
#else
struct MatrixUnit {};
#endif

/// The rows of a tile.
template <typename T, typename Left, typename Finish>
TAGFORMER_INLINE void multiply_rows([[maybe_unused]] MatrixUnit& unit, std::int64_t rows, const Left& left,
                                    const std::uint32_t* panel, std::int64_t units, const Finish& finish) {
#ifdef TAGFORMER_TILES
  if constexpr (!std::is_same_v<T, float>) {
    return multiply_in_tiles<std::is_same_v<T, Byte>, kPanelColumns, Sums<T>>(
        unit, rows, left.data, left.row_bytes, panel, units, finish);
  }
#endif
  for (std::int64_t first = 0; first < rows; first += kSumRows) {
    const std::int64_t count = rows - first < kSumRows ? rows - first : kSumRows;
    multiply_few_rows<T>(
        count, left.from(first), panel, units,
        [&](std::int64_t i, std::int64_t j, const Sums<T>& sums) { finish(first + i, j, sums); });
  }
}

/// Calls body(first row, rows, first column, panel) for tiles `begin` up to `end`: groups of panels slowest,
/// so that a group stays in cache while all rows pass by.
template <typename Body>
TAGFORMER_INLINE void for_tiles(const MatrixShape& shape, std::int64_t units, std::int64_t begin,
                                std::int64_t end, const Body& body) {
  const std::int64_t row_tiles = (shape.rows + kTileRows - 1) / kTileRows;
  const std::int64_t panels = (shape.columns + kPanelColumns - 1) / kPanelColumns;
  const std::int64_t fitting = kGroupUnits / (units * kPanelColumns);
  const std::int64_t group = fitting < 1 ? 1 : fitting;
  for (std::int64_t at = begin; at < end; ++at) {
    const std::int64_t first_panel = at / (group * row_tiles) * group;
    const std::int64_t width = panels - first_panel < group ? panels - first_panel : group;
    const std::int64_t in_group = at - first_panel * row_tiles;
    const std::int64_t row = in_group / width * kTileRows;
    const std::int64_t panel = first_panel + in_group % width;
    const std::int64_t left = shape.rows - row;
    body(row, left < kTileRows ? left : kTileRows, panel * kPanelColumns, panel);
  }
}

template <typename T>
std::int64_t units_of(std::int64_t depth) {
  return (depth + kPerUnit<T> - 1) / kPerUnit<T>;
}

template <bool kPacked, typename T>
TAGFORMER_INLINE void multiply(const MatrixProduct<T>& m, std::int64_t begin, std::int64_t end) {
  const std::int64_t units = units_of<T>(m.shape.depth);
  const auto* const left = static_cast<const unsigned char*>(m.left);
  MatrixUnit matrix_unit;
  for_tiles(m.shape, units, begin, end,
            [&](std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t panel) {
              const std::int64_t row_bytes = 4 * (kPacked ? units : m.left_stride);
              const LeftUnits<kPacked> tile{left + row * row_bytes, row_bytes};
              T* const y = m.y + row * m.y_stride + column;
              const std::int64_t columns = m.shape.columns - column;
              multiply_rows<T>(matrix_unit, rows, tile, m.right + panel * units * kPanelColumns, units,
                               [&](std::int64_t i, std::int64_t j, Floats sums) {
                                 const std::int64_t first = j * kLanes;
                                 if (first >= columns) return;
                                 const std::int64_t lanes = lanes_left(first, columns);
                                 if (m.bias != nullptr) sums += load(m.bias + column + first, lanes);
                                 store(y + i * m.y_stride + first, sums, lanes);
                               });
            });
}

/// A result of bytes in the numbers that they stand for.
template <typename T>
TAGFORMER_INLINE void multiply_bytes_tiles(const ByteProduct<T>& m, std::int64_t begin, std::int64_t end) {
  const std::int64_t units = units_of<Byte>(m.shape.depth);
  MatrixUnit matrix_unit;
  for_tiles(m.shape, units, begin, end,
            [&](std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t panel) {
              const LeftUnits<false> tile{m.left + row * m.left_stride, m.left_stride};
              T* const y = m.y + row * m.y_stride + column;
              const std::int64_t columns = m.shape.columns - column;
              multiply_rows<Byte>(matrix_unit, rows, tile, m.right + panel * units * kPanelColumns, units,
                                  [&](std::int64_t i, std::int64_t j, Ints sums) {
                                    const std::int64_t first = j * kLanes;
                                    if (first >= columns) return;
                                    const std::int64_t lanes = lanes_left(first, columns);
                                    const std::int64_t at = column + first;
                                    const Ints exact = sums - load_integers(m.corrections + at, lanes);
                                    Floats values =
                                        __builtin_convertvector(exact, Floats) *
                                        (load(m.column_scales + at, lanes) * m.left_scales[row + i]);
                                    if (m.bias != nullptr) values += load(m.bias + at, lanes);
                                    store(y + i * m.y_stride + first, values, lanes);
                                  });
            });
}

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

}  // namespace

template <typename T>
void multiply(const MatrixProduct<T>& m, std::int64_t begin, std::int64_t end) {
  m.left_packed ? multiply<true>(m, begin, end) : multiply<false>(m, begin, end);
}

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

namespace {

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
void multiply_bytes(const ByteProduct<T>& m, std::int64_t begin, std::int64_t end) {
  multiply_bytes_tiles(m, begin, end);
}

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
  template void multiply(const MatrixProduct<T>&, std::int64_t, std::int64_t);                             \
  template void multiply_bytes(const ByteProduct<T>&, std::int64_t, std::int64_t);                         \
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
