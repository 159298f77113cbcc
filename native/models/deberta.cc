#include <ATen/ops/index_select.h>
#include <ATen/ops/log.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/unique_consecutive.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "layers/convolution.h"
#include "layers/disentangled_attention.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "models/bert.h"
#include "models/feed_forward.h"
#include "runtime/error.h"

namespace tagformer {
namespace {

/// The convolution beside the first layer.
struct ConvolutionConfig {
  std::int64_t taps, groups;
  Activation activation;
};

struct DebertaConfig {
  EmbeddingsDescription embeddings;
  FeedForwardDescription feed_forward;
  std::int64_t width, layers, heads;
  /// Whether scores look at distances, and the terms that do.
  bool relative, content_to_position, position_to_content;
  /// Whether query and key projections serve tokens and positions alike.
  bool share_projections;
  bool norm_positions;
  /// Distances that have a row of their own or share one with others, on either side of 0.
  std::int64_t span;
  /// Number of buckets on either side, 0 for one a distance; beyond half of them they grow up to
  /// `max_distance`.
  std::int64_t buckets, max_distance;
  std::optional<ConvolutionConfig> convolution;
  Activation pooler_activation;
  double scores_dropout, pooler_dropout, head_dropout, initializer_range;

  [[nodiscard]] std::int64_t terms() const {
    return 1 + (content_to_position ? 1 : 0) + (position_to_content ? 1 : 0);
  }
};

Activation read_activation(Config& config, const char* field, const char* fallback) {
  return find_activation(config.choice_or(field, fallback, activation_names()));
}

EmbeddingsDescription read_embeddings(Config& config, std::int64_t width) {
  EmbeddingsDescription d{};
  d.name = "deberta.embeddings";
  d.width = config.integer_or("embedding_size", width, 1, cpu::kMaxNormWidth);
  if (d.width != width) d.projection = Projection{.name = "embed_proj", .width = width};
  d.vocabulary_size = config.integer("vocab_size", 1, kLargestSize);
  d.max_positions = config.integer_or("max_position_embeddings", 512, 1, kLargestSize);
  d.types = config.integer_or("type_vocab_size", 0, 0, 1 << 16);
  d.padding_id = read_padding_id(config, 0, d.vocabulary_size);
  d.norm_epsilon = config.number_or("layer_norm_eps", 1e-7, 0.0, 1.0);
  d.dropout = config.number_or("hidden_dropout_prob", 0.1, 0.0, 0.99);
  if (!config.boolean_or("position_biased_input", true)) d.positions = Positions::kNone;
  return d;
}

void read_positions(Config& config, DebertaConfig& c) {
  const auto has = [](const std::vector<std::string>& names, const char* name) {
    return std::ranges::find(names, name) != names.end();
  };
  const std::vector<std::string> terms = config.choices("pos_att_type", {"c2p", "p2c"});
  c.relative = config.boolean_or("relative_attention", false);
  c.content_to_position = has(terms, "c2p");
  c.position_to_content = has(terms, "p2c");
  c.share_projections = config.boolean_or("share_att_key", false);
  c.norm_positions = has(config.choices("norm_rel_ebd", {"none", "layer_norm"}), "layer_norm");
  c.buckets = std::max<std::int64_t>(config.integer_or("position_buckets", -1, -1, kLargestSize), 0);
  c.max_distance = config.integer_or("max_relative_positions", -1, -1, kLargestSize);
  if (c.max_distance < 1) c.max_distance = c.embeddings.max_positions;
  c.span = c.buckets > 0 ? c.buckets : c.max_distance;
  // Half of the buckets hold one distance each, the others grow up to max_distance - 1.
  if (c.buckets > 0 && (c.buckets == 1 || c.max_distance - 1 <= c.buckets / 2)) {
    throw Error("INVALID_MODEL", "config.json: position_buckets is " + std::to_string(c.buckets) +
                                     "; expected -1, or at least 2 and less than twice "
                                     "max_relative_positions - 1, which is " +
                                     std::to_string(c.max_distance - 1));
  }
}

std::optional<ConvolutionConfig> read_convolution(Config& config, std::int64_t width) {
  const std::int64_t taps = config.integer_or("conv_kernel_size", 0, -1, 1001);
  const std::int64_t groups = config.integer_or("conv_groups", 1, 1, width);
  const Activation activation = read_activation(config, "conv_act", "tanh");
  if (taps < 1) return std::nullopt;
  if (taps % 2 == 0) {
    throw Error("INVALID_MODEL", "config.json: conv_kernel_size is " + std::to_string(taps) +
                                     "; expected an odd number, which keeps the number of tokens, or 0");
  }
  require_multiple("hidden_size", width, "conv_groups", groups);
  return ConvolutionConfig{taps, groups, activation};
}

DebertaConfig read(Config& config) {
  DebertaConfig c{};
  const std::int64_t width = c.width = config.integer("hidden_size", 1, cpu::kMaxNormWidth);
  c.embeddings = read_embeddings(config, width);
  const double dropout = c.embeddings.dropout;
  c.layers = config.integer("num_hidden_layers", 1, 1000);
  c.heads = config.integer("num_attention_heads", 1, width);
  require_multiple("hidden_size", width, "num_attention_heads", c.heads);
  (void)config.integer_or("attention_head_size", width / c.heads, width / c.heads, width / c.heads);
  c.feed_forward = {.names = kBertFeedForward,
                    .intermediate_width = config.integer("intermediate_size", 1, kLargestSize),
                    .activation = read_activation(config, "hidden_act", "gelu"),
                    .norm_epsilon = c.embeddings.norm_epsilon,
                    .attention_dropout = dropout,
                    .output_dropout = dropout};
  read_positions(config, c);
  c.convolution = read_convolution(config, width);
  (void)config.integer_or("pooler_hidden_size", width, width, width);
  c.pooler_activation = read_activation(config, "pooler_hidden_act", "gelu");
  c.scores_dropout = config.number_or("attention_probs_dropout_prob", 0.1, 0.0, 0.99);
  c.pooler_dropout = config.number_or("pooler_dropout", 0.0, 0.0, 0.99);
  c.head_dropout = config.number_or("cls_dropout", dropout, 0.0, 0.99);
  c.initializer_range = config.number_or("initializer_range", 0.02, 0.0, 10.0);
  // Of the masked language model's head only.
  (void)config.boolean_or("legacy", true);
  config.require("is_decoder", false);
  return c;
}

struct Layer {
  Linear query;
  /// Key and value, one below the other.
  Linear key_value;
  /// Of the rows that stand for distances; absent where the model has no such term, or shares the above.
  std::optional<Linear> position_key, position_query;
  FeedForward feed_forward;
};

struct Convolution {
  ConvolutionConfig config;
  Linear weights;
  Norm norm;
};

/// The rows of the table of positions that a batch needs, and which of them belongs to each of
/// Sequences::distances().
struct PositionRows {
  /// `[rows, width]`; undefined where no term looks at distances.
  at::Tensor rows;
  at::Tensor buckets;
};

/// Places where dropout is drawn; each layer has its own.
enum Site : std::uint32_t {
  kEmbeddings = 0,
  kHeadOutput = 1,
  kHeadInput = 2,
  kConvolution = 3,
  kLayers = 16
};
/// Besides those of FeedForward.
enum LayerSite : std::uint32_t { kScores = 0, kPositions = 3, kSitesPerLayer = 4 };

class Deberta final : public Model {
 public:
  Deberta(DebertaConfig config, std::int64_t labels, Precision precision)
      : Model(precision), c_(std::move(config)), embeddings_(parameters(), c_.embeddings) {
    const std::string encoder = "deberta.encoder.";
    for (std::int64_t i = 0; i < c_.layers; ++i) {
      parameters().declare_at(i + 1);
      layers_.push_back(layer(encoder + "layer." + std::to_string(i)));
    }
    // What all layers read, and what stands beside the first.
    parameters().declare_at(kBelowLayers);
    if (c_.relative) {
      positions_ = declare_table(parameters(), encoder + "rel_embeddings", 2 * c_.span, c_.width);
    }
    if (c_.norm_positions) {
      positions_norm_ = declare_norm(parameters(), encoder + "LayerNorm", c_.width);
    }
    if (c_.convolution) convolution_ = declare_convolution(encoder + "conv", *c_.convolution);
    parameters().declare_at(kAboveLayers);
    dense_ = declare_linear(parameters(), "pooler.dense", c_.width, c_.width, /*head=*/true);
    logits_ = declare_scores(parameters(), "classifier", c_.width, labels);
    if (c_.buckets > 0) {
      const std::int64_t one_side = c_.buckets / 2;
      const double ratio = static_cast<double>(c_.max_distance - 1) / static_cast<double>(one_side);
      log_ratio_ = at::log(at::scalar_tensor(ratio, at::kFloat)).item<float>();
    }
  }

  [[nodiscard]] at::Tensor logits(const Batch& batch, const Mode& mode) const override {
    const Sequences& sequences = batch.sequences;
    const at::Tensor embedded = in_precision(embeddings_(batch, mode, kEmbeddings));
    const PositionRows positions = positions_of(sequences);
    at::Tensor x = embedded;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const bool last = i + 1 == layers_.size();
      const Convolution* const beside = i == 0 && convolution_ ? &*convolution_ : nullptr;
      x = run(layers_[i], x, positions, sequences, mode, last && beside == nullptr,
              kLayers + kSitesPerLayer * static_cast<std::uint32_t>(i));
      if (beside == nullptr) continue;
      x = add_convolution(*beside, embedded, x, sequences, mode);
      if (last) x = sequences.first_tokens(x);
    }
    x = dropout(x.to(at::kFloat), mode.dropout(c_.pooler_dropout, kHeadInput));
    x = c_.pooler_activation(product(x, *dense_.weight), dense_.bias->value);
    x = dropout(x, mode.dropout(c_.head_dropout, kHeadOutput));
    return linear(x, logits_);
  }

  [[nodiscard]] Limits limits() const override { return embeddings_.limits(); }
  [[nodiscard]] WordTable words() const override { return embeddings_.words(); }
  [[nodiscard]] double initial_deviation() const override { return c_.initializer_range; }

 private:
  Layer layer(const std::string& name) {
    const std::string attention = name + ".attention.self.";
    const std::int64_t width = c_.width;
    const auto position = [&](bool exists, const char* which) -> std::optional<Linear> {
      if (!c_.relative || c_.share_projections || !exists) return std::nullopt;
      return declare_linear(parameters(), attention + which, width, width);
    };
    return {.query = declare_linear(parameters(), attention + "query_proj", width, width),
            .key_value = declare_stacked(parameters(), {attention + "key_proj", attention + "value_proj"},
                                         width, width),
            .position_key = position(c_.content_to_position, "pos_key_proj"),
            .position_query = position(c_.position_to_content, "pos_query_proj"),
            .feed_forward = FeedForward(parameters(), name, width, c_.feed_forward)};
  }

  Convolution declare_convolution(const std::string& name, const ConvolutionConfig& d) {
    const std::int64_t width = c_.width;
    return {.config = d,
            .weights = {&parameters().add(name + ".conv.weight", {width, width / d.groups, d.taps},
                                          Role::kMatrix, Initial::kNormal),
                        &parameters().add(name + ".conv.bias", {width}, Role::kVector, Initial::kZeros)},
            .norm = declare_norm(parameters(), name + ".LayerNorm", width)};
  }

  [[nodiscard]] at::Tensor in_precision(const at::Tensor& x) const {
    return x.to(parameters().activations());
  }

  /// The bucket of each distance: itself near 0, then growing with its logarithm. In libtorch's own fp32
  /// logarithms, as transformers: another rounding would move a distance into the next bucket.
  [[nodiscard]] at::Tensor bucket_of(const at::Tensor& distances) const {
    if (c_.buckets == 0) return distances;
    const std::int64_t half = c_.buckets / 2;
    const at::Tensor far = distances.abs();
    const at::Tensor steps = far.to(at::kFloat).div(static_cast<double>(half)).clamp_min(1.0).log();
    const at::Tensor grown =
        steps.div(log_ratio_).mul(half - 1).ceil().to(at::kLong).add(half).mul(distances.sign());
    return at::where(far.le(half), distances, grown);
  }

  [[nodiscard]] PositionRows positions_of(const Sequences& sequences) const {
    const at::Tensor distances = sequences.distances();
    if (!c_.relative || c_.terms() == 1) return {at::Tensor(), at::zeros_like(distances)};
    const at::Tensor buckets = bucket_of(distances).add(c_.span).clamp(0, 2 * c_.span - 1);
    // A dense batch may be of any length, which a trace must not see; a ragged one needs few rows.
    if (sequences.is_dense()) return {normalised(positions_->value), buckets};
    const auto [used, place, counts] = at::unique_consecutive(buckets, /*return_inverse=*/true);
    return {normalised(at::index_select(positions_->value, 0, used)), place};
  }

  [[nodiscard]] at::Tensor normalised(const at::Tensor& rows) const {
    if (!positions_norm_) return rows;
    return residual_norm(rows, std::nullopt, std::nullopt, positions_norm_->gamma->value,
                         positions_norm_->beta->value, {c_.embeddings.norm_epsilon, {}});
  }

  /// One layer; of the last only the first token of each text, which is all that the head reads.
  [[nodiscard]] at::Tensor run(const Layer& layer, const at::Tensor& x, const PositionRows& positions,
                               const Sequences& sequences, const Mode& mode, bool last,
                               std::uint32_t site) const {
    const std::int64_t head_dim = c_.width / c_.heads;
    const double scale = 1.0 / std::sqrt(static_cast<double>(head_dim * c_.terms()));
    const at::Tensor asking = last ? sequences.first_tokens(x) : x;
    const at::Tensor context = disentangled_attention(
        linear(asking, layer.query), linear(x, layer.key_value),
        terms_of(layer, positions, mode.dropout(c_.embeddings.dropout, site + kPositions)), sequences,
        {c_.heads, head_dim, scale, mode.dropout(c_.scores_dropout, site + kScores)});
    return layer.feed_forward(context, asking, mode, site);
  }

  [[nodiscard]] DisentangledTerms terms_of(const Layer& layer, const PositionRows& positions,
                                           const cpu::Dropout& drop) const {
    DisentangledTerms terms{.position_keys = {}, .position_queries = {}, .buckets = positions.buckets};
    if (!positions.rows.defined()) return terms;
    const at::Tensor rows = in_precision(dropout(positions.rows, drop));
    if (c_.content_to_position) {
      terms.position_keys = layer.position_key ? linear(rows, *layer.position_key)
                                               : linear_part(rows, layer.key_value, 0, c_.width);
    }
    if (c_.position_to_content) {
      terms.position_queries = linear(rows, layer.position_query.value_or(layer.query));
    }
    return terms;
  }

  /// The first layer's result `y`, and beside it a convolution of its input.
  [[nodiscard]] at::Tensor add_convolution(const Convolution& c, const at::Tensor& embedded,
                                           const at::Tensor& y, const Sequences& sequences,
                                           const Mode& mode) const {
    const at::Tensor& bias = c.weights.bias->value;
    at::Tensor x = convolution(embedded, c.weights.weight->value, bias, c.config.groups, sequences);
    x = dropout(x, mode.dropout(c_.embeddings.dropout, kConvolution));
    x = c.config.activation(x, at::zeros_like(bias));
    return residual_norm(x, std::nullopt, y, c.norm.gamma->value, c.norm.beta->value,
                         {c_.embeddings.norm_epsilon, {}});
  }

  DebertaConfig c_;
  Embeddings embeddings_;
  std::vector<Layer> layers_;
  /// Null where no score looks at distances.
  Parameter* positions_ = nullptr;
  std::optional<Norm> positions_norm_;
  std::optional<Convolution> convolution_;
  Linear dense_{};
  Linear logits_{};
  /// log((max_distance - 1) / (buckets / 2)), in fp32.
  double log_ratio_ = 0.0;
};

}  // namespace

/// DeBERTa-v2 and v3 for sequence classification (He et al. 2021), as transformers'
/// DebertaV2ForSequenceClassification.
std::unique_ptr<Model> make_deberta(Config& config, std::int64_t labels, Precision precision) {
  return std::make_unique<Deberta>(read(config), labels, precision);
}

}  // namespace tagformer
