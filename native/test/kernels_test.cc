// Checks every kernel of the instruction set that TAGFORMER_ISA names against plain arithmetic in double
// precision.
#include "kernels/cpu/kernels.h"

#include <cstdio>
#include <exception>

#include "test/check.h"

namespace tagformer::test {
namespace {

int passed = 0;
int failed = 0;

void count(bool holds) { ++(holds ? passed : failed); }

}  // namespace

void expect_at_most(const std::string& name, double error, double bound) {
  const bool holds = error <= bound;
  count(holds);
  if (!holds) std::printf("FAILED %s: error %.3g, expected at most %.3g\n", name.c_str(), error, bound);
}

void expect(const std::string& name, bool holds) {
  count(holds);
  if (!holds) std::printf("FAILED %s\n", name.c_str());
}

int finish() {
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace tagformer::test

int main() {
  using namespace tagformer;
  try {
    std::printf("kernels: %s\n", cpu::kernels().name);
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 2;
  }
  test::test_dropout();
  test::test_attention();
  test::test_relative_attention();
  test::test_disentangled_attention();
  test::test_norm();
  test::test_gelu();
  test::test_matmul();
  test::test_optimizer();
  return test::finish();
}
