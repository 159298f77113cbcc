#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/tanh.h>

#include <cmath>

#include "layers/activation.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "layers/relative_attention.h"
#include "models/model.h"
#include "runtime/error.h"

namespace tagformer {
namespace {

struct XlnetConfig {
  std::int64_t vocab_size, width, layers, heads, inner_width, clamp_length;
  double norm_epsilon, dropout, summary_dropout, initializer_range;
  Activation activation;
};

XlnetConfig read(Config& config) {
  XlnetConfig c{};
  // transformers 2.0 to 2.2 call it n_token.
  const std::int64_t tokens = config.integer_or("n_token", 32000, 1, kLargestSize);
  c.vocab_size = config.integer_or("vocab_size", tokens, 1, kLargestSize);
  c.width = config.integer_or("d_model", 1024, 1, cpu::kMaxNormWidth);
  c.layers = config.integer_or("n_layer", 24, 1, 1000);
  c.heads = config.integer_or("n_head", 16, 1, c.width);
  c.inner_width = config.integer_or("d_inner", 4096, 1, kLargestSize);
  require_multiple("d_model", c.width, "n_head", c.heads);
  if (c.width % 2 != 0) {
    throw Error("INVALID_MODEL", "config.json: d_model is " + std::to_string(c.width) +
                                     "; expected an even number, for as many sines as cosines");
  }
  (void)config.integer_or("d_head", c.width / c.heads, c.width / c.heads, c.width / c.heads);
  c.activation = find_activation(config.choice_or("ff_activation", "gelu", activation_names()));
  c.norm_epsilon = config.number_or("layer_norm_eps", 1e-12, 0.0, 1.0);
  c.dropout = config.number_or("dropout", 0.1, 0.0, 0.99);
  c.summary_dropout = config.number_or("summary_last_dropout", 0.1, 0.0, 0.99);
  c.initializer_range = config.number_or("initializer_range", 0.02, 0.0, 10.0);
  c.clamp_length = config.integer_or("clamp_len", -1, -1, kLargestSize);
  (void)config.choice_or("attn_type", "bi", {"bi"});
  (void)config.choice_or("summary_type", "last", {"last"});
  (void)config.choice_or("summary_activation", "tanh", {"tanh"});
  config.require("summary_use_proj", true);
  config.require("bi_data", false);
  config.require("same_length", false);
  // Without effect on one forward pass: memories of earlier segments, biases that transformers never ties,
  // the heads of other tasks, and the padding, which is never built.
  for (const char* field : {"mem_len", "reuse_len", "start_n_top", "end_n_top", "pad_token_id"}) {
    (void)config.integer_or(field, 0, -1, kLargestSize);
  }
  for (const char* field : {"use_mems_eval", "use_mems_train", "untie_r"})
    (void)config.boolean_or(field, false);
  return c;
}

struct Layer {
  /// `[width, heads, head_dim]` each: query, key, value, output and position.
  Parameter *q, *k, *v, *o, *r;
  /// `[heads, head_dim]` each.
  Parameter *content_bias, *position_bias, *segment_bias;
  /// `[2, heads, head_dim]`
  Parameter* segments;
  Norm attention_norm;
  Linear inner, outer;
  Norm output_norm;
};

/// Places where dropout is drawn; each layer has its own.
enum Site : std::uint32_t { kWords = 0, kPositions = 1, kOutputs = 2, kSummary = 3, kLayers = 16 };
enum LayerSite : std::uint32_t { kScores = 0, kAttended = 1, kInner = 2, kOutput = 3, kSitesPerLayer = 4 };

class Xlnet final : public Model {
 public:
  Xlnet(const XlnetConfig& config, std::int64_t labels, Precision precision)
      : Model(precision), config_(config) {
    words_ = declare_table(parameters(), "transformer.word_embedding", config.vocab_size, config.width);
    words_->looked_up_only = true;
    // Used in pre-training only; kept, because a saved model holds it.
    parameters().add("transformer.mask_emb", {1, 1, config.width}, Role::kExact, Initial::kNormal);
    for (std::int64_t i = 0; i < config.layers; ++i) {
      parameters().declare_at(i + 1);
      layers_.push_back(layer("transformer.layer." + std::to_string(i)));
    }
    parameters().declare_at(kAboveLayers);
    summary_ =
        declare_linear(parameters(), "sequence_summary.summary", config.width, config.width, /*head=*/true);
    logits_ = declare_scores(parameters(), "logits_proj", config.width, labels);
  }

  [[nodiscard]] at::Tensor logits(const Batch& batch, const Mode& mode) const override {
    at::Tensor x = embed_words(*words_, batch);
    x = in_precision(dropout(x, mode.dropout(config_.dropout, kWords)));
    const at::Tensor distances =
        in_precision(dropout(encode(batch.sequences.distances()), mode.dropout(config_.dropout, kPositions)));
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      x = run(layers_[i], x, distances, batch, mode, i + 1 == layers_.size(),
              kLayers + kSitesPerLayer * static_cast<std::uint32_t>(i));
    }
    x = dropout(x.to(at::kFloat), mode.dropout(config_.dropout, kOutputs));
    x = at::tanh(linear(x, summary_));
    x = dropout(x, mode.dropout(config_.summary_dropout, kSummary));
    return linear(x, logits_);
  }

  /// Positions are relative, so there is no longest text; 2^20 tokens keep the offsets of a batch in range.
  [[nodiscard]] Limits limits() const override { return {1 << 20, config_.vocab_size, 1 << 16}; }
  [[nodiscard]] WordTable words() const override { return {words_}; }
  [[nodiscard]] double initial_deviation() const override { return config_.initializer_range; }

 private:
  Layer layer(const std::string& name) {
    const std::int64_t head_dim = config_.width / config_.heads;
    const std::string attention = name + ".rel_attn.";
    const auto projection = [&](const char* which) {
      return &parameters().add(attention + which, {config_.width, config_.heads, head_dim}, Role::kMatrix,
                               Initial::kNormal);
    };
    const auto bias = [&](const char* which) {
      return &parameters().add(attention + which, {config_.heads, head_dim}, Role::kVector, Initial::kNormal);
    };
    return {
        .q = projection("q"),
        .k = projection("k"),
        .v = projection("v"),
        .o = projection("o"),
        .r = projection("r"),
        .content_bias = bias("r_w_bias"),
        .position_bias = bias("r_r_bias"),
        .segment_bias = bias("r_s_bias"),
        .segments = &parameters().add(attention + "seg_embed", {2, config_.heads, head_dim}, Role::kExact,
                                      Initial::kNormal),
        .attention_norm = declare_norm(parameters(), attention + "layer_norm", config_.width),
        .inner = declare_linear(parameters(), name + ".ff.layer_1", config_.width, config_.inner_width),
        .outer = declare_linear(parameters(), name + ".ff.layer_2", config_.inner_width, config_.width),
        .output_norm = declare_norm(parameters(), name + ".ff.layer_norm", config_.width),
    };
  }

  [[nodiscard]] at::Tensor in_precision(const at::Tensor& x) const {
    return x.to(parameters().activations());
  }

  /// Sines, then cosines, of distances: `[distances, width]`. Written without the number of distances, and
  /// with the device of theirs, for traces.
  [[nodiscard]] at::Tensor encode(const at::Tensor& distances) const {
    at::Tensor distance = distances.to(at::kFloat);
    if (config_.clamp_length > 0) distance = distance.clamp(-config_.clamp_length, config_.clamp_length);
    const at::Tensor index = distance.new_ones({config_.width / 2}).cumsum(0).sub(1);
    const at::Tensor exponent = index.mul(2).div(static_cast<double>(config_.width));
    const at::Tensor angle = distance.unsqueeze(1).mul(at::pow(10000, exponent).reciprocal());
    return at::cat({angle.sin(), angle.cos()}, 1);
  }

  [[nodiscard]] at::Tensor as_matrix(const Parameter* projection) const {
    return projection->value.view({config_.width, config_.width});
  }

  /// One layer; the last computes only the last token of each text, which is all that the summary reads.
  [[nodiscard]] at::Tensor run(const Layer& layer, const at::Tensor& x, const at::Tensor& distances,
                               const Batch& batch, const Mode& mode, bool last, std::uint32_t site) const {
    const std::int64_t head_dim = config_.width / config_.heads;
    const at::Tensor asking = last ? batch.sequences.last_tokens(x) : x;
    const at::Tensor q = product(asking, as_matrix(layer.q).t());
    const at::Tensor kv = product(x, at::cat({as_matrix(layer.k), as_matrix(layer.v)}, 1).t());
    const RelativeTerms terms{.positions = at::matmul(distances, as_matrix(layer.r)),
                              .content_bias = layer.content_bias->value,
                              .position_bias = layer.position_bias->value,
                              .segment_bias = layer.segment_bias->value,
                              .segments = layer.segments->value};
    const at::Tensor context =
        relative_attention(q, kv, terms, batch.types, batch.sequences,
                           {config_.heads, head_dim, 1.0 / std::sqrt(static_cast<double>(head_dim)),
                            mode.dropout(config_.dropout, site + kScores)});
    const at::Tensor attended =
        residual_norm(product(context, as_matrix(layer.o)), std::nullopt, asking,
                      layer.attention_norm.gamma->value, layer.attention_norm.beta->value,
                      {config_.norm_epsilon, mode.dropout(config_.dropout, site + kAttended)});
    at::Tensor hidden = config_.activation(product(attended, *layer.inner.weight), layer.inner.bias->value);
    hidden = dropout(hidden, mode.dropout(config_.dropout, site + kInner));
    return residual_norm(product(hidden, *layer.outer.weight), layer.outer.bias->value, attended,
                         layer.output_norm.gamma->value, layer.output_norm.beta->value,
                         {config_.norm_epsilon, mode.dropout(config_.dropout, site + kOutput)});
  }

  XlnetConfig config_;
  Parameter* words_;
  std::vector<Layer> layers_;
  Linear summary_;
  Linear logits_;
};

}  // namespace

/// XLNet for sequence classification (Yang et al. 2019), as transformers' XLNetForSequenceClassification.
std::unique_ptr<Model> make_xlnet(Config& config, std::int64_t labels, Precision precision) {
  return std::make_unique<Xlnet>(read(config), labels, precision);
}

}  // namespace tagformer
