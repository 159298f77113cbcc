// What BERT and its descendants share: fields of config.json, and names of tensors.
#pragma once

#include "models/encoder.h"

namespace tagformer {

/// BERT's names in a layer.
constexpr FeedForwardNames kBertFeedForward = {
    .attention_output = "attention.output.dense",
    .attention_norm = "attention.output.LayerNorm",
    .intermediate = "intermediate.dense",
    .output = "output.dense",
    .output_norm = "output.LayerNorm",
};

/// Where BERT's descendants begin from other values than BERT.
struct BertDefaults {
  std::int64_t padding_id = 0;
  double dropout = 0.1;
  const char* activation = "gelu";
};

/// Reads the fields of config.json that BERT's descendants share with it, and describes all but the head,
/// under BERT's names of tensors with `prefix` before them.
EncoderDescription describe_bert(Config& config, const std::string& prefix,
                                 const BertDefaults& defaults = {});

/// classifier_dropout, which is the dropout of all layers where config.json does not say.
double read_classifier_dropout(Config& config, const EncoderDescription& description);

/// The token whose embedding is not trained, for a `vocabulary_size`; -1 where config.json says null.
std::int64_t read_padding_id(Config& config, std::int64_t fallback, std::int64_t vocabulary_size);

}  // namespace tagformer
