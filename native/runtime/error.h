// Errors that reach the user.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tagformer {

/// Names that are not known, and those that are: what TypeScript makes a suggestion of (src/native/addon.ts).
struct UnknownNames {
  std::vector<std::string> names;
  std::vector<std::string> known;
};

/// An error with one of the codes of TypeScript's TagformerError; the message is for the user.
class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message, UnknownNames unknown = {})
      : std::runtime_error(message), code_(std::move(code)), unknown_(std::move(unknown)) {}
  [[nodiscard]] const std::string& code() const { return code_; }
  /// Its `names` are empty where the error is about something else.
  [[nodiscard]] const UnknownNames& unknown() const { return unknown_; }

 private:
  std::string code_;
  UnknownNames unknown_;
};

}  // namespace tagformer
