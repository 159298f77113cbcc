// The test program's frame: cases are counted, failures printed with their figures.
#pragma once

#include <sstream>
#include <string>

namespace tagformer::test {

/// A case's name from its parts.
template <typename... Parts>
std::string name_of(const Parts&... parts) {
  std::ostringstream text;
  const char* space = "";
  ((text << space << parts, space = " "), ...);
  return text.str();
}

/// A case that passes when `error` is at most `bound`; NaN never is.
void expect_at_most(const std::string& name, double error, double bound);

/// A case that passes when `holds`.
void expect(const std::string& name, bool holds);

/// Prints "N passed, N failed"; the program's exit status.
int finish();

// One function for each subject, in a file of its name.
void test_attention();
void test_disentangled_attention();
void test_dropout();
void test_gelu();
void test_matmul();
void test_norm();
void test_optimizer();
void test_relative_attention();

}  // namespace tagformer::test
