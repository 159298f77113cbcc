#include "models/config.h"

#include <cmath>
#include <sstream>

#include "runtime/error.h"

namespace tagformer {
namespace {

/// Fields that change nothing in a classifier's forward pass: descriptions, the tokenizer's ids, generation,
/// training switches of other tools, names of Python code (never run: without trust, transformers too takes
/// its own class of that model_type).
const std::set<std::string> kWithoutEffect = {
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_attn_implementation_internal",
    "_commit_hash",
    "_name_or_path",
    "_num_labels",
    "architectures",
    "attn_implementation",
    "auto_map",
    "bos_token_id",
    "chunk_size_feed_forward",
    "cls_token_id",
    "directionality",
    "dtype",
    "eos_token_id",
    "eos_token_ids",
    "finetuning_task",
    "gradient_checkpointing",
    "id2label",
    "initializer_factor",
    "is_encoder_decoder",
    "label2id",
    "language",
    "mask_token_id",
    "model_max_length",
    "model_type",
    "name",
    "num_labels",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "problem_type",
    "return_dict",
    "sentence_transformers",
    "sep_token_id",
    "task_specific_params",
    "tie_word_embeddings",
    "tokenizer_class",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "use_bfloat16",
    "use_cache",
    "xla_device",
};

/// Where a field may appear with its inactive value only.
const std::set<std::string> kGenerationOnly = {
    "bad_words_ids",
    "begin_suppress_tokens",
    "cross_attention_hidden_size",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "length_penalty",
    "max_length",
    "min_length",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_scores",
    "prefix",
    "remove_invalid_values",
    "repetition_penalty",
    "return_dict_in_generate",
    "suppress_tokens",
    "temperature",
    "tf_legacy_loss",
    "top_k",
    "top_p",
    "typical_p",
};

std::string describe(const Json& json) {
  struct Describe {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(double value) const {
      std::ostringstream text;
      text << value;
      return text.str();
    }
    std::string operator()(const std::string& value) const { return '"' + value.substr(0, 100) + '"'; }
    std::string operator()(const Json::Array&) const { return "a list"; }
    std::string operator()(const Json::Object&) const { return "an object"; }
  };
  return std::visit(Describe{}, json.value);
}

/// Values that turn nothing on, such as `pruned_heads: {}`: a field that is not known may have one of them.
bool says_nothing(const Json& json) {
  struct Empty {
    bool operator()(std::monostate) const { return true; }
    bool operator()(bool value) const { return !value; }
    bool operator()(double /*value*/) const { return false; }
    bool operator()(const std::string& value) const { return value.empty(); }
    bool operator()(const Json::Array& value) const { return value.empty(); }
    bool operator()(const Json::Object& value) const { return value.empty(); }
  };
  return std::visit(Empty{}, json.value);
}

[[noreturn]] void refuse(const std::string& field, const std::string& found, const std::string& expected) {
  throw Error("INVALID_MODEL", "config.json: " + field + " is " + found + "; expected " + expected);
}

void check_choice(const std::string& field, const std::string& text,
                  const std::vector<std::string>& accepted) {
  std::string list;
  for (const std::string& choice : accepted) {
    if (text == choice) return;
    list += (list.empty() ? "" : ", ") + choice;
  }
  refuse(field, '"' + text + '"', "one of " + list);
}

std::string range(double least, double most) {
  std::ostringstream text;
  text.precision(15);
  text << least << " to " << most;
  return text.str();
}

}  // namespace

const Json* Config::find(const std::string& field) {
  read_.insert(field);
  const auto found = fields_.find(field);
  return found == fields_.end() || found->second.is_null() ? nullptr : &found->second;
}

bool Config::is_null(const std::string& field) {
  read_.insert(field);
  const auto found = fields_.find(field);
  return found != fields_.end() && found->second.is_null();
}

std::int64_t Config::integer(const std::string& field, std::int64_t least, std::int64_t most,
                             const std::int64_t* fallback) {
  const Json* const json = find(field);
  const std::string expected =
      "an integer from " + range(static_cast<double>(least), static_cast<double>(most));
  if (json == nullptr) {
    if (fallback != nullptr) return *fallback;
    refuse(path_ + field, "missing", expected);
  }
  const double* const number = std::get_if<double>(&json->value);
  if (number == nullptr || *number != std::floor(*number) || *number < static_cast<double>(least) ||
      *number > static_cast<double>(most)) {
    refuse(path_ + field, describe(*json), expected);
  }
  return static_cast<std::int64_t>(*number);
}

std::int64_t Config::integer_or(const std::string& field, std::int64_t fallback, std::int64_t least,
                                std::int64_t most) {
  return integer(field, least, most, &fallback);
}

double Config::number_or(const std::string& field, double fallback, double least, double most) {
  const Json* const json = find(field);
  if (json == nullptr) return fallback;
  const double* const number = std::get_if<double>(&json->value);
  if (number == nullptr || !(*number >= least && *number <= most)) {
    refuse(path_ + field, describe(*json), "a number from " + range(least, most));
  }
  return *number;
}

bool Config::boolean_or(const std::string& field, bool fallback) {
  const Json* const json = find(field);
  if (json == nullptr) return fallback;
  const bool* const value = std::get_if<bool>(&json->value);
  if (value == nullptr) refuse(path_ + field, describe(*json), "true or false");
  return *value;
}

std::string Config::text_or(const std::string& field, const std::string& fallback) {
  const Json* const json = find(field);
  if (json == nullptr) return fallback;
  const std::string* const text = std::get_if<std::string>(&json->value);
  if (text == nullptr) refuse(path_ + field, describe(*json), "a text");
  return *text;
}

std::string Config::choice_or(const std::string& field, const std::string& fallback,
                              const std::vector<std::string>& accepted) {
  std::string text = text_or(field, fallback);
  check_choice(path_ + field, text, accepted);
  return text;
}

std::vector<std::string> Config::choices(const std::string& field, const std::vector<std::string>& accepted) {
  const Json* const json = find(field);
  if (json == nullptr) return {};
  std::vector<std::string> texts;
  if (const auto* const list = std::get_if<Json::Array>(&json->value)) {
    for (const Json& entry : *list) {
      const auto* const text = std::get_if<std::string>(&entry.value);
      if (text == nullptr) refuse(path_ + field, "a list with " + describe(entry), "texts");
      texts.push_back(*text);
    }
  } else {
    std::istringstream parts(text_or(field, ""));
    for (std::string part; std::getline(parts, part, '|');) {
      part.erase(0, part.find_first_not_of(' '));
      part.erase(part.find_last_not_of(' ') + 1);
      texts.push_back(part);
    }
  }
  for (const std::string& text : texts) check_choice(path_ + field, text, accepted);
  return texts;
}

Config Config::section(const std::string& field) {
  const Json* const json = find(field);
  if (json == nullptr) return Config({}, path_ + field + ".");
  const auto* const fields = std::get_if<Json::Object>(&json->value);
  if (fields == nullptr) refuse(path_ + field, describe(*json), "an object");
  return Config(*fields, path_ + field + ".");
}

void Config::require(const std::string& field, bool required) {
  if (boolean_or(field, required) != required) {
    refuse(path_ + field, required ? "false" : "true",
           required ? "true: the other is not supported" : "false: the other is not supported");
  }
}

void require_multiple(const char* field, std::int64_t value, const char* divisor_field,
                      std::int64_t divisor) {
  if (value % divisor == 0) return;
  refuse(field, std::to_string(value),
         std::string("a multiple of ") + divisor_field + ", " + std::to_string(divisor));
}

void Config::refuse_unread() const {
  const std::vector<std::string> known(read_.begin(), read_.end());
  std::vector<std::string> names;
  std::string unknown;
  for (const auto& [field, json] : fields_) {
    if (says_nothing(json) || read_.contains(field) || kWithoutEffect.contains(field) ||
        kGenerationOnly.contains(field)) {
      continue;
    }
    unknown += (unknown.empty() ? "" : ", ") + path_ + field + " (" + describe(json) + ")";
    names.push_back(field);
  }
  if (unknown.empty()) return;
  throw Error("INVALID_MODEL",
              "config.json has fields that this architecture does not support: " + unknown +
                  "; remove a field that has no effect on the model",
              {names, known});
}

}  // namespace tagformer
