#include "driver/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace tagformer::driver {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Json document() {
    Json json = value();
    skip_space();
    if (at_ != text_.size()) fail("the end");
    return json;
  }

 private:
  [[noreturn]] void fail(const char* expected) const {
    throw std::runtime_error(std::string("JSON: expected ") + expected + " at byte " + std::to_string(at_));
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Json value() {
    skip_space();
    if (take("null")) return {std::monostate{}};
    if (take("true")) return {true};
    if (take("false")) return {false};
    if (at_ >= text_.size()) fail("a value");
    if (text_[at_] == '"') return {string()};
    if (take("[")) return {array()};
    if (take("{")) return {object()};
    return {number()};
  }

  double number() {
    double result = 0.0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), result);
    if (error != std::errc()) fail("a value");
    at_ = static_cast<std::size_t>(end - text_.data());
    return result;
  }

  /// Escapes stay as they are but for those that names of files and tensors have.
  std::string string() {
    std::string result;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && ++at_ < text_.size() && text_[at_] == 'u') fail("no \\u escape");
      result += text_[at_];
    }
    if (!take("\"")) fail("a quote");
    return result;
  }

  Json::Array array() {
    Json::Array items;
    skip_space();
    if (take("]")) return items;
    do items.push_back(value());
    while (separator("]"));
    return items;
  }

  Json::Object object() {
    Json::Object fields;
    skip_space();
    if (take("}")) return fields;
    do {
      skip_space();
      std::string name = string();
      skip_space();
      if (!take(":")) fail("a colon");
      fields.emplace(std::move(name), value());
    } while (separator("}"));
    return fields;
  }

  /// True after a comma, false after `end`.
  bool separator(std::string_view end) {
    skip_space();
    if (take(",")) return true;
    if (!take(end)) fail("a comma");
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct Writer {
  std::string text;

  void operator()(std::monostate) { text += "null"; }
  void operator()(bool value) { text += value ? "true" : "false"; }
  void operator()(double value) {
    if (!std::isfinite(value)) return (*this)(std::monostate{});
    std::array<char, 32> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    text.append(digits.data(), end);
  }
  void operator()(const std::string& value) {
    text += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c == '\n' ? ' ' : c;
    }
    text += '"';
  }
  void operator()(const Json::Array& items) {
    text += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) text += ',';
      std::visit(*this, items[i].value);
    }
    text += ']';
  }
  void operator()(const Json::Object& fields) {
    text += '{';
    bool first = true;
    for (const auto& [name, field] : fields) {
      if (!first) text += ',';
      first = false;
      (*this)(name);
      text += ':';
      std::visit(*this, field.value);
    }
    text += '}';
  }
};

}  // namespace

Json parse_json(std::string_view text) { return Reader(text).document(); }

std::string to_text(const Json& json) {
  Writer writer;
  std::visit(writer, json.value);
  return std::move(writer.text);
}

}  // namespace tagformer::driver
