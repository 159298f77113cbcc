// Errors that reach the user.
#pragma once

#include <stdexcept>
#include <string>

namespace tagformer {

/// An error with one of the codes of src/errors.ts; the message is for the user.
class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  [[nodiscard]] const std::string& code() const { return code_; }

 private:
  std::string code_;
};

}  // namespace tagformer
