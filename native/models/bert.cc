#include "models/bert.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tanh.h>

#include <cmath>

#include "layers/activation.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "layers/watch.h"
#include "runtime/error.h"

namespace tagformer {
namespace {

struct BertConfig {
  std::int64_t vocab_size, hidden_size, layers, heads, intermediate_size, max_positions, types, padding_id;
  double norm_epsilon, hidden_dropout, attention_dropout, classifier_dropout, initializer_range;
  Activation activation;
};

BertConfig read(Config& config) {
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  BertConfig c{};
  c.vocab_size = config.integer("vocab_size", 1, kMost);
  c.hidden_size = config.integer("hidden_size", 1, cpu::kMaxNormWidth);
  c.layers = config.integer("num_hidden_layers", 1, 1000);
  c.heads = config.integer("num_attention_heads", 1, c.hidden_size);
  c.intermediate_size = config.integer("intermediate_size", 1, kMost);
  c.max_positions = config.integer_or("max_position_embeddings", 512, 1, kMost);
  c.types = config.integer_or("type_vocab_size", 2, 1, 1 << 16);
  c.padding_id = config.integer_or("pad_token_id", 0, -1, c.vocab_size - 1);
  c.norm_epsilon = config.number_or("layer_norm_eps", 1e-12, 0.0, 1.0);
  c.hidden_dropout = config.number_or("hidden_dropout_prob", 0.1, 0.0, 0.99);
  c.attention_dropout = config.number_or("attention_probs_dropout_prob", 0.1, 0.0, 0.99);
  c.classifier_dropout = config.number_or("classifier_dropout", c.hidden_dropout, 0.0, 0.99);
  c.initializer_range = config.number_or("initializer_range", 0.02, 0.0, 10.0);
  const std::string activation = config.choice_or("hidden_act", "gelu", activation_names());
  c.activation = find_activation(activation);
  (void)config.choice_or("position_embedding_type", "absolute", {"absolute"});
  config.require("is_decoder", false);
  config.require("add_cross_attention", false);
  // The pooler's sizes in old checkpoints; they repeat the encoder's.
  for (const char* field : {"pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
                            "pooler_size_per_head"}) {
    (void)config.integer_or(field, 0, 0, kMost);
  }
  (void)config.text_or("pooler_type", "");
  if (c.hidden_size % c.heads != 0) {
    throw Error("INVALID_MODEL", "config.json: hidden_size is " + std::to_string(c.hidden_size) +
                                     "; expected a multiple of num_attention_heads, " + std::to_string(c.heads));
  }
  return c;
}

struct Linear {
  Parameter* weight;
  Parameter* bias;
};

struct Norm {
  Parameter* gamma;
  Parameter* beta;
};

struct Layer {
  /// Query, key and value, one below the other.
  Linear qkv;
  Linear attention_output;
  Norm attention_norm;
  Linear intermediate;
  Linear output;
  Norm output_norm;
};

/// Places where dropout is drawn; each layer has its own three.
enum Site : std::uint32_t { kEmbeddings = 0, kClassifier = 1, kLayers = 16 };
enum LayerSite : std::uint32_t { kScores = 0, kAttentionOutput = 1, kOutput = 2, kSitesPerLayer = 4 };

class Bert final : public Model {
 public:
  Bert(const BertConfig& config, std::int64_t labels, Precision precision) : Model(precision), config_(config) {
    const std::int64_t width = config.hidden_size;
    words_ = table("bert.embeddings.word_embeddings", config.vocab_size, width);
    positions_ = table("bert.embeddings.position_embeddings", config.max_positions, width);
    types_ = table("bert.embeddings.token_type_embeddings", config.types, width);
    embedding_norm_ = norm("bert.embeddings.LayerNorm", width);
    for (std::int64_t i = 0; i < config.layers; ++i) {
      layers_.push_back(layer("bert.encoder.layer." + std::to_string(i)));
    }
    pooler_ = linear_parameters("bert.pooler.dense", width, width, /*head=*/true);
    classifier_ = linear_parameters("classifier", width, labels, /*head=*/true);
  }

  [[nodiscard]] at::Tensor logits(const Batch& batch, const Mode& mode) const override {
    at::Tensor x = embed(batch, mode);
    for (std::size_t i = 0; i + 1 < layers_.size(); ++i) {
      x = run(layers_[i], x, batch.offsets, mode, site_of(i));
    }
    x = run_last(layers_.back(), x, batch.offsets, mode, site_of(layers_.size() - 1));
    x = at::tanh(linear(x, pooler_.weight->value, pooler_.bias->value));
    x = dropout(x, mode.dropout(config_.classifier_dropout, kClassifier));
    return linear(x, classifier_.weight->value, classifier_.bias->value).to(at::kFloat);
  }

  [[nodiscard]] Limits limits() const override { return {config_.max_positions, config_.vocab_size, config_.types}; }
  [[nodiscard]] std::string prefix() const override { return "bert."; }
  [[nodiscard]] double initial_deviation() const override { return config_.initializer_range; }

 private:
  Parameter* table(const std::string& name, std::int64_t rows, std::int64_t width) {
    return &parameters().add(name + ".weight", {rows, width}, Role::kTable, Initial::kNormal);
  }

  Norm norm(const std::string& name, std::int64_t width) {
    return {&parameters().add(name + ".weight", {width}, Role::kVector, Initial::kOnes),
            &parameters().add(name + ".bias", {width}, Role::kVector, Initial::kZeros)};
  }

  Linear linear_parameters(const std::string& name, std::int64_t in, std::int64_t out, bool head = false) {
    return {&parameters().add(name + ".weight", {out, in}, Role::kMatrix, Initial::kNormal, head),
            &parameters().add(name + ".bias", {out}, Role::kVector, Initial::kZeros, head)};
  }

  Layer layer(const std::string& name) {
    const std::int64_t width = config_.hidden_size;
    const std::string self = name + ".attention.self.";
    return {
        .qkv = {&parameters().add_stacked({self + "query.weight", self + "key.weight", self + "value.weight"},
                                          {width, width}, Role::kMatrix, Initial::kNormal),
                &parameters().add_stacked({self + "query.bias", self + "key.bias", self + "value.bias"}, {width},
                                          Role::kVector, Initial::kZeros)},
        .attention_output = linear_parameters(name + ".attention.output.dense", width, width),
        .attention_norm = norm(name + ".attention.output.LayerNorm", width),
        .intermediate = linear_parameters(name + ".intermediate.dense", width, config_.intermediate_size),
        .output = linear_parameters(name + ".output.dense", config_.intermediate_size, width),
        .output_norm = norm(name + ".output.LayerNorm", width),
    };
  }

  static std::uint32_t site_of(std::size_t layer) {
    return kLayers + kSitesPerLayer * static_cast<std::uint32_t>(layer);
  }

  [[nodiscard]] at::Tensor embed(const Batch& batch, const Mode& mode) const {
    const auto& offsets = *batch.offsets;
    at::Tensor positions = at::empty({offsets.back()}, at::kLong);
    auto* const position = positions.data_ptr<std::int64_t>();
    for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
      for (std::int32_t i = offsets[row]; i < offsets[row + 1]; ++i) position[i] = i - offsets[row];
    }
    // As in transformers, the padding token's row gets no gradient, even where a text holds that token.
    at::Tensor x = at::embedding(words_->value, batch.ids, config_.padding_id).add(at::embedding(positions_->value, positions));
    // Without segment ids every token has type 0: one row, added to all.
    x = x.add(batch.types.defined() ? at::embedding(types_->value, batch.types) : types_->value.slice(0, 0, 1));
    x = residual_norm(x, std::nullopt, std::nullopt, embedding_norm_.gamma->value, embedding_norm_.beta->value,
                      {config_.norm_epsilon, {}});
    x = dropout(x, mode.dropout(config_.hidden_dropout, kEmbeddings));
    return parameters().precision() == Precision::kBfloat16 ? x.to(at::kBFloat16) : x;
  }

  [[nodiscard]] AttentionOptions attention_options(const Mode& mode, std::uint32_t site) const {
    const std::int64_t head_dim = config_.hidden_size / config_.heads;
    return {config_.heads, head_dim, 1.0 / std::sqrt(static_cast<double>(head_dim)),
            mode.dropout(config_.attention_dropout, site + kScores)};
  }

  [[nodiscard]] at::Tensor run(const Layer& layer, const at::Tensor& x, const Offsets& offsets, const Mode& mode,
                               std::uint32_t site) const {
    watch(x, mode);
    const at::Tensor qkv = linear(x, layer.qkv.weight->value, layer.qkv.bias->value);
    return feed_forward(layer, attention(qkv, offsets, attention_options(mode, site)), x, mode, site);
  }

  /// The last layer, for the first token of each row: nothing else reads it. Returns `[rows, width]`.
  [[nodiscard]] at::Tensor run_last(const Layer& layer, const at::Tensor& x, const Offsets& offsets, const Mode& mode,
                                    std::uint32_t site) const {
    watch(x, mode);
    const std::int64_t width = config_.hidden_size;
    const auto rows = static_cast<std::int64_t>(offsets->size()) - 1;
    at::Tensor first = at::empty({rows}, at::kLong);
    for (std::int64_t i = 0; i < rows; ++i) first.data_ptr<std::int64_t>()[i] = (*offsets)[static_cast<std::size_t>(i)];
    const at::Tensor first_tokens = at::index_select(x, 0, first);
    const at::Tensor& weight = layer.qkv.weight->value;
    const at::Tensor& bias = layer.qkv.bias->value;
    const at::Tensor q = linear(first_tokens, weight.slice(0, 0, width), bias.slice(0, 0, width));
    const at::Tensor kv = linear(x, weight.slice(0, width), bias.slice(0, width));
    const at::Tensor context = attention_of_one(q, kv, offsets, attention_options(mode, site));
    return feed_forward(layer, context, first_tokens, mode, site);
  }

  /// Everything of a layer after attention; row by row.
  [[nodiscard]] at::Tensor feed_forward(const Layer& layer, const at::Tensor& context, const at::Tensor& residual,
                                        const Mode& mode, std::uint32_t site) const {
    const at::Tensor attended = residual_norm(
        product(context, *layer.attention_output.weight), layer.attention_output.bias->value, residual,
        layer.attention_norm.gamma->value, layer.attention_norm.beta->value,
        {config_.norm_epsilon, mode.dropout(config_.hidden_dropout, site + kAttentionOutput)});
    const at::Tensor hidden =
        config_.activation(product(attended, *layer.intermediate.weight), layer.intermediate.bias->value);
    return residual_norm(product(hidden, *layer.output.weight), layer.output.bias->value, attended,
                         layer.output_norm.gamma->value, layer.output_norm.beta->value,
                         {config_.norm_epsilon, mode.dropout(config_.hidden_dropout, site + kOutput)});
  }

  BertConfig config_;
  Parameter* words_;
  Parameter* positions_;
  Parameter* types_;
  Norm embedding_norm_;
  std::vector<Layer> layers_;
  Linear pooler_;
  Linear classifier_;
};

}  // namespace

std::unique_ptr<Model> make_bert(Config& config, std::int64_t labels, Precision precision) {
  return std::make_unique<Bert>(read(config), labels, precision);
}

}  // namespace tagformer
