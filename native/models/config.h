// A typed, checked reading of config.json: every field is honoured, known to be without effect, or refused by
// name.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace tagformer {

/// More than any size in a config.json, and few enough that products of two of them fit into 64 bits.
constexpr std::int64_t kLargestSize = 1LL << 24;

/// A JSON value.
struct Json {
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json>;
  std::variant<std::monostate, bool, double, std::string, Array, Object> value;

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value); }
};

/// Reads fields by name and remembers which were read. All errors are INVALID_MODEL and name field, value and
/// what was expected. A field that is null counts as absent.
class Config {
 public:
  /// `path` is put before the names of the fields in errors.
  explicit Config(Json::Object fields, std::string path = "")
      : fields_(std::move(fields)), path_(std::move(path)) {}

  [[nodiscard]] std::int64_t integer(const std::string& field, std::int64_t least, std::int64_t most,
                                     const std::int64_t* fallback = nullptr);
  [[nodiscard]] std::int64_t integer_or(const std::string& field, std::int64_t fallback, std::int64_t least,
                                        std::int64_t most);
  [[nodiscard]] double number_or(const std::string& field, double fallback, double least, double most);
  [[nodiscard]] bool boolean_or(const std::string& field, bool fallback);
  [[nodiscard]] std::string text_or(const std::string& field, const std::string& fallback);
  /// A text that must be one of `accepted`.
  [[nodiscard]] std::string choice_or(const std::string& field, const std::string& fallback,
                                      const std::vector<std::string>& accepted);
  /// Texts that must be among `accepted`: a list, or one text with `|` between them; none when absent.
  [[nodiscard]] std::vector<std::string> choices(const std::string& field,
                                                 const std::vector<std::string>& accepted);
  /// An object's own fields, none where it is absent. The caller also calls refuse_unread() on it.
  [[nodiscard]] Config section(const std::string& field);
  /// Refuses every value but `required` (or absence): for features that are not built.
  void require(const std::string& field, bool required);

  /// Whether the field is there and null, where transformers takes that for a value of its own.
  [[nodiscard]] bool is_null(const std::string& field);

  /// Refuses fields that were not read and are not known to be without effect here.
  void refuse_unread() const;

 private:
  const Json* find(const std::string& field);

  Json::Object fields_;
  std::string path_;
  std::set<std::string> read_;
};

/// Refuses a `value` of `field` that `divisor`, the value of `divisor_field`, does not divide.
void require_multiple(const char* field, std::int64_t value, const char* divisor_field, std::int64_t divisor);

}  // namespace tagformer
