// Dropout: the generator against its published values, the mask against one made element by element, its
// statistics.
#include <cmath>

#include "test/check.h"
#include "test/mask.h"
#include "test/numbers.h"

namespace tagformer::test {

cpu::Dropout dropout_at(double rate) {
  cpu::Dropout dropout{.key = {0x01234567, 0x89ABCDEF, 42, 0x10012}};
  dropout.threshold = static_cast<std::uint32_t>(std::lround(rate * 65536.0));
  dropout.scale = static_cast<float>(65536.0 / (65536.0 - dropout.threshold));
  return dropout;
}

std::array<std::uint32_t, 4> threefry(const std::uint32_t (&key)[4], std::array<std::uint32_t, 4> x) {
  constexpr int kRotations[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5},
                                    {6, 20},  {17, 11}, {25, 10}, {18, 20}};
  const std::uint32_t keys[5] = {key[0], key[1], key[2], key[3],
                                 0x1BD11BDAU ^ key[0] ^ key[1] ^ key[2] ^ key[3]};
  for (std::uint32_t i = 0; i < 4; ++i) x[i] += keys[i];
  for (std::uint32_t round = 0; round < 20; ++round) {
    const auto& rotation = kRotations[round % 8];
    const std::size_t first = round % 2 == 0 ? 1 : 3;
    const std::size_t second = 4 - first;
    x[0] += x[first];
    x[first] = std::rotl(x[first], rotation[0]) ^ x[0];
    x[2] += x[second];
    x[second] = std::rotl(x[second], rotation[1]) ^ x[2];
    if (round % 4 != 3) continue;
    const std::uint32_t group = round / 4 + 1;
    for (std::uint32_t i = 0; i < 4; ++i) x[i] += keys[(group + i) % 5];
    x[3] += group;
  }
  return x;
}

double factor(const cpu::Dropout& dropout, std::uint32_t plane, std::uint32_t row, std::int64_t column) {
  // 128 elements share 16 counters: of each word in turn, the low halves of the 16, then the high ones.
  const auto block = static_cast<std::uint32_t>(column / 128);
  const auto within = static_cast<std::uint32_t>(column % 128);
  const std::uint32_t word = threefry(dropout.key, {block * 16 + within % 16, row, plane, 0})[within / 32];
  const std::uint32_t bits = within % 32 < 16 ? word & 0xFFFFU : word >> 16;
  return bits < dropout.threshold ? 0.0 : dropout.scale;
}

namespace {

/// dropout(ones), `[rows, width]`: the mask itself.
Matrix<float> mask_of(const cpu::Dropout& dropout, std::int64_t first_row, std::int64_t rows,
                      std::int64_t width) {
  std::vector<float> ones(static_cast<std::size_t>(rows * width), 1.0F);
  auto mask = Matrix<float>::output(rows, width);
  cpu::typed_kernels<float>().dropout(ones.data(), mask.data(), first_row, rows, width, dropout);
  return mask;
}

/// A number of draws that differ from the expected share by at most four standard deviations.
void expect_share(const std::string& name, std::int64_t found, std::int64_t draws, double share) {
  const auto n = static_cast<double>(draws);
  expect_at_most(name, std::abs(static_cast<double>(found) - n * share),
                 4.0 * std::sqrt(n * share * (1.0 - share)));
}

/// Counter 0 under key 0 gives 9c6ca96a e17eae66 fc10ecd4 5256a7d8 (the known answers of the authors'
/// Random123). An element is dropped when its bits are below the threshold, so that two thresholds show the
/// bits exactly.
void test_known_answer() {
  constexpr std::array<std::uint32_t, 4> kAnswer = {0x9C6CA96A, 0xE17EAE66, 0xFC10ECD4, 0x5256A7D8};
  expect("threefry known answer", threefry({0, 0, 0, 0}, {0, 0, 0, 0}) == kAnswer);
  for (std::int64_t half = 0; half < 8; ++half) {
    const std::uint32_t word = kAnswer[static_cast<std::size_t>(half / 2)];
    const std::uint32_t bits = half % 2 == 0 ? word & 0xFFFFU : word >> 16;
    const cpu::Dropout kept{.key = {}, .threshold = bits, .scale = 1.0F};
    const cpu::Dropout dropped{.key = {}, .threshold = bits + 1, .scale = 1.0F};
    expect(name_of("dropout known answer, half", half),
           mask_of(kept, 0, 1, 128)(0, half * 16) == 1.0 && mask_of(dropped, 0, 1, 128)(0, half * 16) == 0.0);
  }
}

/// The same mask with every instruction set, because it is the one made here.
template <typename T>
void test_mask(std::int64_t width) {
  Random random(static_cast<std::uint64_t>(width));
  constexpr std::int64_t kRows = 3;
  constexpr std::int64_t kFirst = 1000;
  const cpu::Dropout dropout = dropout_at(0.3);
  const auto x = Matrix<T>::input(random, kRows, width);
  auto y = Matrix<T>::output(kRows, width);
  cpu::typed_kernels<T>().dropout(x.data(), y.data(), kFirst, kRows, width, dropout);
  Doubles expected;
  for (std::int64_t i = 0; i < kRows; ++i) {
    for (std::int64_t j = 0; j < width; ++j) {
      expected.push_back(x(i, j) * factor(dropout, 0, static_cast<std::uint32_t>(kFirst + i), j));
    }
  }
  const std::string name = name_of("dropout", format_name<T>(), "width", width);
  expect_at_most(name, error_of(y, expected), bound<T>(1e-7));
  expect(name + ": kept inside", y.kept_inside());
}

constexpr std::int64_t kRows = 500;
constexpr std::int64_t kWidth = 1000;

void test_rate(double rate) {
  const cpu::Dropout dropout = dropout_at(rate);
  const Matrix<float> mask = mask_of(dropout, 0, kRows, kWidth);
  const double exact_rate = dropout.threshold / 65536.0;
  std::int64_t dropped = 0;
  double total = 0.0;
  for (std::int64_t i = 0; i < kRows; ++i) {
    for (std::int64_t j = 0; j < kWidth; ++j) {
      dropped += mask(i, j) == 0.0 ? 1 : 0;
      total += mask(i, j);
    }
  }
  expect_share(name_of("dropout rate", rate), dropped, kRows * kWidth, exact_rate);
  const double n = kRows * kWidth;
  expect_at_most(name_of("dropout mean at rate", rate), std::abs(total / n - 1.0),
                 4.0 * std::sqrt(exact_rate / (1.0 - exact_rate) / n));
}

std::int64_t differing(const Matrix<float>& a, const Matrix<float>& b) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j < a.width(); ++j) count += a(i, j) != b(i, j) ? 1 : 0;
  }
  return count;
}

/// Two masks are the same under the same key, and independent of each other under any other key or row.
void test_independence() {
  constexpr double kRate = 0.25;
  const cpu::Dropout dropout = dropout_at(kRate);
  const Matrix<float> mask = mask_of(dropout, 0, kRows, kWidth);
  expect("dropout: same key, same mask", differing(mask, mask_of(dropout, 0, kRows, kWidth)) == 0);

  const Matrix<float> second_half = mask_of(dropout, kRows / 2, kRows / 2, kWidth);
  bool equal = true;
  for (std::int64_t i = 0; i < kRows / 2; ++i) {
    for (std::int64_t j = 0; j < kWidth; ++j) equal = equal && mask(kRows / 2 + i, j) == second_half(i, j);
  }
  expect("dropout: the mask of a row does not depend on where the block begins", equal);

  const double both = 2.0 * kRate * (1.0 - kRate);
  for (std::size_t word = 0; word < 4; ++word) {
    cpu::Dropout other = dropout;
    other.key[word] += 1;
    expect_share(name_of("dropout: another key word", word),
                 differing(mask, mask_of(other, 0, kRows, kWidth)), kRows * kWidth, both);
  }
  expect_share("dropout: other rows", differing(mask, mask_of(dropout, kRows, kRows, kWidth)), kRows * kWidth,
               both);
}

}  // namespace

void test_dropout() {
  test_known_answer();
  for (const std::int64_t width : {1, 3, 16, 17, 127, 128, 129, 1000}) {
    test_mask<float>(width);
    test_mask<bf16>(width);
  }
  for (const double rate : {0.01, 0.1, 0.3, 0.5, 0.9}) test_rate(rate);
  test_independence();
}

}  // namespace tagformer::test
