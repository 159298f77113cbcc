#include <ATen/ops/tanh.h>

#include "models/bert.h"

namespace tagformer {
namespace {

constexpr AttentionNames kAttention = {
    .query = "attention.query",
    .key = "attention.key",
    .value = "attention.value",
};

constexpr FeedForwardNames kFeedForward = {
    .attention_output = "attention.dense",
    .attention_norm = "attention.LayerNorm",
    .intermediate = "ffn",
    .output = "ffn_output",
    .output_norm = "full_layer_layer_norm",
};

/// A run of layers shares its group's parameters; a group is `inner` layers, one after the other, which stand
/// at one depth.
std::vector<LayerName> shared_layers(std::int64_t layers, std::int64_t groups, std::int64_t inner) {
  std::vector<LayerName> names;
  for (std::int64_t i = 0; i < layers; ++i) {
    // In floating point, as transformers divides.
    const double layers_per_group = static_cast<double>(layers) / static_cast<double>(groups);
    const auto group = static_cast<std::int64_t>(static_cast<double>(i) / layers_per_group);
    const std::string stem = "albert.encoder.albert_layer_groups." + std::to_string(group) + ".albert_layers";
    for (const auto& [name, number] : numbered_layers(stem, inner)) names.push_back({name, group + 1});
  }
  return names;
}

}  // namespace

/// ALBERT for sequence classification (Lan et al. 2020), as transformers' AlbertForSequenceClassification.
std::unique_ptr<Model> make_albert(Config& config, std::int64_t labels, Precision precision) {
  EncoderDescription d = describe_bert(config, "albert.", {.dropout = 0.0, .activation = "gelu_new"});
  const auto layers = static_cast<std::int64_t>(d.layers.layers.size());
  const std::int64_t groups = config.integer_or("num_hidden_groups", 1, 1, layers);
  const std::int64_t inner = config.integer_or("inner_group_num", 1, 1, 100);
  d.embeddings.width = config.integer_or("embedding_size", 128, 1, cpu::kMaxNormWidth);
  d.projection = "albert.encoder.embedding_hidden_mapping_in";
  d.layers.layers = shared_layers(layers, groups, inner);
  d.layers.attention = kAttention;
  d.layers.feed_forward.names = kFeedForward;
  d.layers.feed_forward.output_dropout = 0.0;
  d.head = {.dense = "albert.pooler",
            .output = "classifier",
            .activation = at::tanh,
            .output_dropout = config.number_or("classifier_dropout_prob", 0.1, 0.0, 0.99)};
  // Features of the original code that transformers never had; released configurations hold their inactive
  // values.
  (void)config.integer_or("down_scale_factor", 1, 1, 1);
  for (const char* field : {"gap_size", "net_structure_type", "num_memory_blocks"}) {
    (void)config.integer_or(field, 0, 0, 0);
  }
  return make_encoder(std::move(d), labels, precision);
}

}  // namespace tagformer
