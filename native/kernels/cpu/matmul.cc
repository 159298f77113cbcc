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

namespace tagformer::cpu::TAGFORMER_ISA {
namespace {

/// Panels whose rows share a pass over the left operand: as many as half of a common L2 cache holds.
constexpr std::int64_t kGroupUnits = 512 * 1024 / 4;

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

}  // namespace

template <typename T>
void multiply(const MatrixProduct<T>& m, std::int64_t begin, std::int64_t end) {
  m.left_packed ? multiply<true>(m, begin, end) : multiply<false>(m, begin, end);
}

template <typename T>
void multiply_bytes(const ByteProduct<T>& m, std::int64_t begin, std::int64_t end) {
  multiply_bytes_tiles(m, begin, end);
}

#define TAGFORMER_INSTANTIATE(T)                                               \
  template void multiply(const MatrixProduct<T>&, std::int64_t, std::int64_t); \
  template void multiply_bytes(const ByteProduct<T>&, std::int64_t, std::int64_t)
TAGFORMER_INSTANTIATE(float);
TAGFORMER_INSTANTIATE(bf16);
#undef TAGFORMER_INSTANTIATE

}  // namespace tagformer::cpu::TAGFORMER_ISA
