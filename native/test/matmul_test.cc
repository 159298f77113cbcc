// Matrix products against double precision: every remainder of rows, columns and depth, and how the work is
// split.
#include <array>
#include <cstring>

#include "check.h"
#include "numbers.h"

namespace tagformer::test {
namespace {

using Units = std::vector<std::uint32_t>;

std::int64_t divided_up(std::int64_t n, std::int64_t by) { return (n + by - 1) / by; }

const cpu::MatrixTiling& tiling() { return cpu::kernels().tiling; }

/// Tiles in two calls, so that a split in the middle is seen.
template <typename Call>
void in_two_parts(const cpu::MatrixShape& shape, const Call& call) {
  const std::int64_t tiles =
      divided_up(shape.rows, tiling().tile_rows) * divided_up(shape.columns, tiling().panel_columns);
  call(tiles / 3, tiles);
  call(0, tiles / 3);
}

/// Half a unit of fp32 in each of `depth` additions of products of normal numbers.
double sum_bound(std::int64_t depth) { return 4e-7 * static_cast<double>(depth); }

/// The largest error of `y` against sums of left(i, p) * right(p, j) + bias[j], relative to 1.
template <typename T, typename Left, typename Right>
double error(const Matrix<T>& y, std::int64_t depth, const Left& left, const Right& right,
             const std::vector<float>& bias) {
  double worst = 0.0;
  for (std::int64_t i = 0; i < y.rows(); ++i) {
    for (std::int64_t j = 0; j < y.width(); ++j) {
      double sum = bias.empty() ? 0.0 : static_cast<double>(bias[static_cast<std::size_t>(j)]);
      for (std::int64_t p = 0; p < depth; ++p) sum += left(i, p) * right(p, j);
      const double found = std::abs(y(i, j) - sum) / (1.0 + std::abs(sum));
      worst = std::isnan(found) ? found : std::max(worst, found);
      if (std::isnan(worst)) return worst;
    }
  }
  return worst;
}

std::vector<float> some_bias(Random& random, std::int64_t columns) {
  std::vector<float> bias(static_cast<std::size_t>(columns));
  for (float& b : bias) b = static_cast<float>(random.normal());
  return bias;
}

/// Packs `pieces` pieces of `width` with `pack(first, rest, memory)`.
template <typename Pack>
Units packed(std::int64_t count, std::int64_t width, std::int64_t units, const Pack& pack) {
  Units memory(static_cast<std::size_t>(divided_up(count, width) * width * units), 0xFFFFFFFFU);
  for (std::int64_t first = 0; first < count; first += width)
    pack(first, count - first, memory.data() + first * units);
  return memory;
}

template <typename T>
void test_product(const cpu::MatrixShape& shape) {
  const auto& kernels = cpu::typed_kernels<T>();
  const std::int64_t per_unit = kernels.per_unit;
  const std::int64_t units = divided_up(shape.depth, per_unit);
  const std::string name =
      name_of("matrix product", format_name<T>(), shape.rows, "x", shape.depth, "x", shape.columns);
  const double allowed = bound<T>(sum_bound(shape.depth));
  Random random(7);

  // y = x W^T + b, with the depth of x filled up to whole units.
  auto x = Matrix<T>::input(random, shape.rows, units * per_unit);
  for (std::int64_t i = 0; i < shape.rows; ++i) {
    for (std::int64_t p = shape.depth; p < units * per_unit; ++p) x.at(i, p) = rounded<T>(0.0);
  }
  auto weight = Matrix<T>::input(random, shape.columns, shape.depth);
  const std::vector<float> bias = some_bias(random, shape.columns);
  const Units by_rows = packed(shape.columns, tiling().panel_columns, units,
                               [&](std::int64_t first, std::int64_t rest, std::uint32_t* to) {
                                 kernels.pack_rows(&weight.at(first, 0), shape.depth, rest, shape.depth, to);
                               });
  auto y = Matrix<T>::output(shape.rows, shape.columns, shape.columns + 3);
  const auto multiply = [&](const void* left, bool left_packed, const Units& right, const float* b,
                            Matrix<T>& to) {
    const cpu::MatrixProduct<T> product{shape,        left, units,     left_packed,
                                        right.data(), b,    to.data(), to.stride()};
    in_two_parts(shape, [&](std::int64_t begin, std::int64_t end) { kernels.multiply(product, begin, end); });
  };
  // One number in a unit: floats, whatever the format.
  std::vector<float> widened(static_cast<std::size_t>(shape.rows * units));
  for (std::size_t i = 0; per_unit == 1 && i < widened.size(); ++i)
    widened[i] = static_cast<float>(value(x.data()[i]));
  const void* const rows = per_unit == 1 ? static_cast<const void*>(widened.data()) : x.data();
  multiply(rows, false, by_rows, bias.data(), y);
  expect_at_most(name, error(y, shape.depth, x, [&](auto p, auto j) { return weight(j, p); }, bias), allowed);
  expect(name + " stays inside", y.kept_inside());

  // y = a^T B, both packed along their columns.
  auto a = Matrix<T>::input(random, shape.depth, shape.rows);
  auto b = Matrix<T>::input(random, shape.depth, shape.columns);
  const Units left = packed(shape.rows, tiling().tile_rows, units,
                            [&](std::int64_t first, std::int64_t rest, std::uint32_t* to) {
                              kernels.pack_left(&a.at(0, first), shape.rows, shape.depth, rest, to);
                            });
  const Units by_columns =
      packed(shape.columns, tiling().panel_columns, units,
             [&](std::int64_t first, std::int64_t rest, std::uint32_t* to) {
               kernels.pack_columns(&b.at(0, first), shape.columns, shape.depth, rest, to);
             });
  auto z = Matrix<T>::output(shape.rows, shape.columns);
  multiply(left.data(), true, by_columns, nullptr, z);
  expect_at_most(name + " transposed", error(z, shape.depth, [&](auto i, auto p) { return a(p, i); }, b, {}),
                 allowed);
  expect(name + " transposed stays inside", z.kept_inside());
}

template <typename T>
void test_bytes(const cpu::MatrixShape& shape) {
  const std::int64_t units = divided_up(shape.depth, 4);
  const std::string name =
      name_of("product of bytes", format_name<T>(), shape.rows, "x", shape.depth, "x", shape.columns);
  Random random(11);
  auto x = Matrix<T>::input(random, shape.rows, shape.depth);
  auto weight = Matrix<T>::input(random, shape.columns, shape.depth);
  const std::vector<float> bias = some_bias(random, shape.columns);

  std::vector<std::uint8_t> left(static_cast<std::size_t>(shape.rows * units * 4), 0xFF);
  std::vector<float> left_scales(static_cast<std::size_t>(shape.rows));
  cpu::typed_kernels<T>().quantise_rows(x.data(), shape.rows, shape.depth, left.data(), units * 4,
                                        left_scales.data());
  std::vector<float> scales(static_cast<std::size_t>(shape.columns));
  std::vector<std::int32_t> corrections(scales.size());
  const Units right =
      packed(shape.columns, tiling().panel_columns, units,
             [&](std::int64_t first, std::int64_t rest, std::uint32_t* to) {
               cpu::typed_kernels<T>().quantise_panel(&weight.at(first, 0), shape.depth, rest, shape.depth,
                                                      to, scales.data() + first, corrections.data() + first);
             });
  // What the bytes stand for: no further from the numbers than half a step.
  double steps = 0.0;
  const auto of_left = [&](std::int64_t i, std::int64_t p) {
    const auto at = static_cast<std::size_t>(i);
    return (left[static_cast<std::size_t>(i * units * 4 + p)] - 128.0) * static_cast<double>(left_scales[at]);
  };
  const auto of_right = [&](std::int64_t p, std::int64_t j) {
    const std::int64_t width = tiling().panel_columns;
    const std::int64_t at = ((j / width) * units + p / 4) * width + j % width;
    const auto byte = static_cast<std::int8_t>(right[static_cast<std::size_t>(at)] >> (8 * (p % 4)));
    return byte * static_cast<double>(scales[static_cast<std::size_t>(j)]);
  };
  for (std::int64_t i = 0; i < shape.rows; ++i) {
    for (std::int64_t p = 0; p < shape.depth; ++p)
      steps = std::max(steps, std::abs(of_left(i, p) - x(i, p)) /
                                  static_cast<double>(left_scales[static_cast<std::size_t>(i)]));
  }
  for (std::int64_t j = 0; j < shape.columns; ++j) {
    for (std::int64_t p = 0; p < shape.depth; ++p)
      steps = std::max(steps, std::abs(of_right(p, j) - weight(j, p)) /
                                  static_cast<double>(scales[static_cast<std::size_t>(j)]));
  }
  expect_at_most(name + " rounds to the nearest", steps, 0.5001);

  auto y = Matrix<T>::output(shape.rows, shape.columns, shape.columns + 1);
  const cpu::ByteProduct<T> product{shape,        left.data(),   units * 4,          left_scales.data(),
                                    right.data(), scales.data(), corrections.data(), bias.data(),
                                    y.data(),     y.stride()};
  in_two_parts(shape, [&](std::int64_t begin, std::int64_t end) {
    cpu::typed_kernels<T>().multiply_bytes(product, begin, end);
  });
  expect_at_most(name, error(y, shape.depth, of_left, of_right, bias), bound<T>(1e-6));
  expect(name + " stays inside", y.kept_inside());
}

}  // namespace

void test_matmul() {
  const std::array<cpu::MatrixShape, 12> shapes = {{{1, 1, 1},
                                                    {1, 64, 8},
                                                    {2, 65, 7},
                                                    {3, 130, 33},
                                                    {4, 3, 64},
                                                    {5, 17, 2},
                                                    {6, 128, 96},
                                                    {13, 200, 70},
                                                    {31, 700, 768},
                                                    {33, 30, 96},
                                                    {50, 130, 97},
                                                    {145, 64, 1000}}};
  for (const cpu::MatrixShape& shape : shapes) {
    test_product<float>(shape);
    test_product<bf16>(shape);
    test_bytes<float>(shape);
    test_bytes<bf16>(shape);
  }
}

}  // namespace tagformer::test
