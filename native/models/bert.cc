#include "models/bert.h"

#include <ATen/ops/tanh.h>

namespace tagformer {
namespace {

constexpr AttentionNames kAttention = {
    .query = "attention.self.query",
    .key = "attention.self.key",
    .value = "attention.self.value",
};

}  // namespace

std::int64_t read_padding_id(Config& config, std::int64_t fallback, std::int64_t vocabulary_size) {
  if (config.is_null("pad_token_id")) return -1;
  return config.integer_or("pad_token_id", fallback, 0, vocabulary_size - 1);
}

double read_classifier_dropout(Config& config, const EncoderDescription& description) {
  return config.number_or("classifier_dropout", description.embeddings.dropout, 0.0, 0.99);
}

EncoderDescription describe_bert(Config& config, const std::string& prefix, const BertDefaults& defaults) {
  const std::int64_t vocabulary_size = config.integer("vocab_size", 1, kLargestSize);
  const std::int64_t width = config.integer("hidden_size", 1, cpu::kMaxNormWidth);
  const std::int64_t heads = config.integer("num_attention_heads", 1, width);
  const double epsilon = config.number_or("layer_norm_eps", 1e-12, 0.0, 1.0);
  const double dropout = config.number_or("hidden_dropout_prob", defaults.dropout, 0.0, 0.99);
  require_multiple("hidden_size", width, "num_attention_heads", heads);
  (void)config.choice_or("position_embedding_type", "absolute", {"absolute"});
  config.require("is_decoder", false);
  config.require("add_cross_attention", false);
  return {
      .embeddings = {.name = prefix + "embeddings",
                     .width = width,
                     .vocabulary_size = vocabulary_size,
                     .max_positions = config.integer_or("max_position_embeddings", 512, 1, kLargestSize),
                     .types = config.integer_or("type_vocab_size", 2, 1, 1 << 16),
                     .padding_id = read_padding_id(config, defaults.padding_id, vocabulary_size),
                     .norm_epsilon = epsilon,
                     .dropout = dropout},
      .projection = std::nullopt,
      .layers = {.layers =
                     numbered_layers(prefix + "encoder.layer", config.integer("num_hidden_layers", 1, 1000)),
                 .attention = kAttention,
                 .width = width,
                 .heads = heads,
                 .scores_dropout =
                     config.number_or("attention_probs_dropout_prob", defaults.dropout, 0.0, 0.99),
                 .feed_forward = {.names = kBertFeedForward,
                                  .intermediate_width = config.integer("intermediate_size", 1, kLargestSize),
                                  .activation = find_activation(config.choice_or(
                                      "hidden_act", defaults.activation, activation_names())),
                                  .norm_epsilon = epsilon,
                                  .attention_dropout = dropout,
                                  .output_dropout = dropout}},
      .head = {},
      .initializer_range = config.number_or("initializer_range", 0.02, 0.0, 10.0),
  };
}

/// BERT for sequence classification (Devlin et al. 2019), as transformers' BertForSequenceClassification.
std::unique_ptr<Model> make_bert(Config& config, std::int64_t labels, Precision precision) {
  EncoderDescription d = describe_bert(config, "bert.");
  d.head = {.dense = "bert.pooler.dense",
            .output = "classifier",
            .activation = at::tanh,
            .output_dropout = read_classifier_dropout(config, d)};
  // The pooler's sizes in old checkpoints; they repeat the encoder's.
  for (const char* field :
       {"pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head"}) {
    (void)config.integer_or(field, 0, 0, kLargestSize);
  }
  (void)config.text_or("pooler_type", "");
  return make_encoder(std::move(d), labels, precision);
}

}  // namespace tagformer
