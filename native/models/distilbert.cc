#include <ATen/ops/relu.h>

#include "models/bert.h"

namespace tagformer {
namespace {

/// Fixed in transformers' modeling_distilbert.py.
constexpr double kNormEpsilon = 1e-12;

constexpr AttentionNames kAttention = {
    .query = "attention.q_lin",
    .key = "attention.k_lin",
    .value = "attention.v_lin",
};

constexpr FeedForwardNames kFeedForward = {
    .attention_output = "attention.out_lin",
    .attention_norm = "sa_layer_norm",
    .intermediate = "ffn.lin1",
    .output = "ffn.lin2",
    .output_norm = "output_layer_norm",
};

EmbeddingsDescription read_embeddings(Config& config, std::int64_t width, double dropout) {
  const std::int64_t vocabulary_size = config.integer("vocab_size", 1, kLargestSize);
  return {
      .name = "distilbert.embeddings",
      .width = width,
      .vocabulary_size = vocabulary_size,
      .max_positions = config.integer_or("max_position_embeddings", 512, 1, kLargestSize),
      .types = 0,
      .padding_id = read_padding_id(config, 0, vocabulary_size),
      .norm_epsilon = kNormEpsilon,
      .dropout = dropout,
      .initial_positions =
          config.boolean_or("sinusoidal_pos_embds", false) ? Initial::kSinusoidal : Initial::kNormal,
  };
}

LayerStackDescription read_layers(Config& config, std::int64_t width, double dropout) {
  const std::int64_t heads = config.integer("n_heads", 1, width);
  require_multiple("dim", width, "n_heads", heads);
  return {
      .layers = numbered_layers("distilbert.transformer.layer", config.integer("n_layers", 1, 1000)),
      .attention = kAttention,
      .width = width,
      .heads = heads,
      .scores_dropout = config.number_or("attention_dropout", 0.1, 0.0, 0.99),
      .feed_forward = {.names = kFeedForward,
                       .intermediate_width = config.integer("hidden_dim", 1, kLargestSize),
                       .activation =
                           find_activation(config.choice_or("activation", "gelu", activation_names())),
                       .norm_epsilon = kNormEpsilon,
                       .attention_dropout = 0.0,
                       .output_dropout = dropout},
  };
}

}  // namespace

/// DistilBERT for sequence classification (Sanh et al. 2019), as transformers'
/// DistilBertForSequenceClassification.
std::unique_ptr<Model> make_distilbert(Config& config, std::int64_t labels, Precision precision) {
  const std::int64_t width = config.integer("dim", 1, cpu::kMaxNormWidth);
  const double dropout = config.number_or("dropout", 0.1, 0.0, 0.99);
  (void)config.number_or("qa_dropout", 0.1, 0.0, 1.0);  // of the question-answering head only
  (void)config.boolean_or("tie_weights_", true);        // of the pre-training head only
  return make_encoder(
      {
          .embeddings = read_embeddings(config, width, dropout),
          .projection = std::nullopt,
          .layers = read_layers(config, width, dropout),
          .head = {.dense = "pre_classifier",
                   .output = "classifier",
                   .activation = at::relu,
                   .output_dropout = config.number_or("seq_classif_dropout", 0.2, 0.0, 0.99)},
          .initializer_range = config.number_or("initializer_range", 0.02, 0.0, 10.0),
      },
      labels, precision);
}

}  // namespace tagformer
