#include <cmath>
#include <utility>

#include "layers/activation.h"
#include "layers/attention.h"
#include "layers/flash_attention.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "models/bert.h"
#include "runtime/error.h"

namespace tagformer {
namespace {

/// The two kinds of attention layers.
enum Kind : std::size_t { kGlobal = 0, kLocal = 1 };

struct RotaryConfig {
  double theta, factor;
};

struct ModernBertConfig {
  std::int64_t vocab_size, width, heads, inner_width, max_positions, padding_id, window;
  std::vector<Kind> layers;
  /// By kind.
  RotaryConfig rotary[2];
  bool mean_pooling;
  Activation activation, classifier_activation;
  Bias norm_bias, attention_bias, mlp_bias, classifier_bias;
  double norm_epsilon, embedding_dropout, attention_dropout, mlp_dropout, classifier_dropout;
  double initializer_range, initializer_cutoff;

  [[nodiscard]] std::int64_t head_dim() const { return width / heads; }
};

/// rope_parameters, or the fields that held them before transformers 5.
RotaryConfig read_rotary(Config& config, Config& sections, const char* kind, const char* old_theta,
                         double theta) {
  constexpr double kLargest = 1e12;
  theta = config.number_or(old_theta, theta, 1.0, kLargest);
  Config section = sections.section(kind);
  theta = section.number_or("rope_theta", theta, 1.0, kLargest);
  const std::string type = section.choice_or("rope_type", "default", {"default", "linear"});
  const double factor = type == "linear" ? section.number_or("factor", 1.0, 1e-6, kLargest) : 1.0;
  section.refuse_unread();
  return {theta, factor};
}

std::vector<Kind> read_layers(Config& config) {
  const std::int64_t count = config.integer_or("num_hidden_layers", 22, 1, 1000);
  const std::int64_t period = config.integer_or("global_attn_every_n_layers", 3, 1, 1000);
  const auto types = config.choices("layer_types", {"full_attention", "sliding_attention"});
  if (!types.empty() && std::cmp_not_equal(types.size(), count)) {
    throw Error("INVALID_MODEL", "config.json: layer_types has " + std::to_string(types.size()) +
                                     " entries; expected num_hidden_layers, " + std::to_string(count));
  }
  std::vector<Kind> layers;
  for (std::int64_t i = 0; i < count; ++i) {
    const bool local =
        types.empty() ? i % period != 0 : types[static_cast<std::size_t>(i)] == "sliding_attention";
    layers.push_back(local ? kLocal : kGlobal);
  }
  return layers;
}

ModernBertConfig read(Config& config) {
  const auto bias = [&](const char* field) {
    return config.boolean_or(field, false) ? Bias::kSome : Bias::kNone;
  };
  const auto rate = [&](const char* field) { return config.number_or(field, 0.0, 0.0, 0.99); };
  const auto activation = [&](const char* field) {
    return find_activation(config.choice_or(field, "gelu", activation_names()));
  };
  ModernBertConfig c{};
  c.vocab_size = config.integer_or("vocab_size", 50368, 1, kLargestSize);
  c.width = config.integer_or("hidden_size", 768, 1, cpu::kMaxNormWidth);
  c.heads = config.integer_or("num_attention_heads", 12, 1, c.width);
  require_multiple("hidden_size", c.width, "num_attention_heads", c.heads);
  if (c.head_dim() % 2 != 0) {
    throw Error("INVALID_MODEL", "config.json: hidden_size / num_attention_heads is " +
                                     std::to_string(c.head_dim()) +
                                     "; expected an even number, whose halves rotary positions turn");
  }
  c.inner_width = config.integer_or("intermediate_size", 1152, 1, kLargestSize);
  c.max_positions = config.integer_or("max_position_embeddings", 8192, 1, kLargestSize);
  c.padding_id = read_padding_id(config, 50283, c.vocab_size);
  c.window = config.integer_or("local_attention", 128, 0, kLargestSize) / 2;
  c.layers = read_layers(config);
  Config sections = config.section("rope_parameters");
  c.rotary[kGlobal] = read_rotary(config, sections, "full_attention", "global_rope_theta", 160000.0);
  c.rotary[kLocal] = read_rotary(config, sections, "sliding_attention", "local_rope_theta", 10000.0);
  sections.refuse_unread();
  c.mean_pooling = config.choice_or("classifier_pooling", "cls", {"cls", "mean"}) == "mean";
  c.activation = activation("hidden_activation");
  c.classifier_activation = activation("classifier_activation");
  c.norm_bias = bias("norm_bias");
  c.attention_bias = bias("attention_bias");
  c.mlp_bias = bias("mlp_bias");
  c.classifier_bias = bias("classifier_bias");
  c.norm_epsilon = config.number_or("norm_eps", 1e-5, 0.0, 1.0);
  c.embedding_dropout = rate("embedding_dropout");
  c.attention_dropout = rate("attention_dropout");
  c.mlp_dropout = rate("mlp_dropout");
  c.classifier_dropout = rate("classifier_dropout");
  c.initializer_range = config.number_or("initializer_range", 0.02, 0.0, 10.0);
  c.initializer_cutoff = config.number_or("initializer_cutoff_factor", 2.0, 0.1, 1e6);
  // Without effect on a classifier: the pre-training head, switches of other kernels, and what the first
  // release wrote for BERT's readers.
  for (const char* field : {"decoder_bias", "deterministic_flash_attn", "sparse_prediction",
                            "reference_compile", "repad_logits_with_grad"}) {
    (void)config.boolean_or(field, false);
  }
  (void)config.integer_or("sparse_pred_ignore_index", -100, -kLargestSize, kLargestSize);
  (void)config.number_or("layer_norm_eps", 1e-5, 0.0, 1.0);
  (void)config.choice_or("position_embedding_type", "absolute", {"absolute"});
  return c;
}

struct Layer {
  Kind kind;
  /// Absent in the first layer, whose input is normalised.
  std::optional<Norm> attention_norm;
  /// Query, key and value, one below the other.
  Linear qkv;
  Linear attention_output;
  Norm mlp_norm;
  /// Activated half and gate, one below the other.
  Linear inner;
  Linear outer;
};

/// Places where dropout is drawn; each layer has its own.
enum Site : std::uint32_t { kEmbeddings = 0, kHead = 1, kLayers = 16 };
enum LayerSite : std::uint32_t { kScores = 0, kAttended = 1, kInner = 2, kSitesPerLayer = 4 };

class ModernBert final : public Model {
 public:
  ModernBert(ModernBertConfig config, std::int64_t labels, Precision precision)
      : Model(precision), c_(std::move(config)) {
    words_ = declare_table(parameters(), "model.embeddings.tok_embeddings", c_.vocab_size, c_.width);
    words_->looked_up_only = true;
    embedding_norm_ = declare_norm(parameters(), "model.embeddings.norm", c_.width, c_.norm_bias);
    for (std::size_t i = 0; i < c_.layers.size(); ++i) {
      parameters().declare_at(static_cast<std::int64_t>(i) + 1);
      layers_.push_back(declare(i));
    }
    parameters().declare_at(kAboveLayers);
    final_norm_ = declare_norm(parameters(), "model.final_norm", c_.width, c_.norm_bias);
    dense_ =
        declare_linear(parameters(), "head.dense", c_.width, c_.width, /*head=*/true, c_.classifier_bias);
    head_norm_ = declare_norm(parameters(), "head.norm", c_.width, c_.norm_bias);
    head_norm_.gamma->head = true;
    if (head_norm_.beta != nullptr) head_norm_.beta->head = true;
    output_ = declare_scores(parameters(), "classifier", c_.width, labels);
    for (const auto& parameter : parameters().all()) parameter->cutoff = c_.initializer_cutoff;
    // As in transformers, what leads back into the residual stream starts smaller.
    const double small = c_.initializer_range / std::sqrt(2.0 * static_cast<double>(c_.layers.size()));
    for (const Layer& layer : layers_)
      layer.attention_output.weight->deviation = layer.outer.weight->deviation = small;
    dense_.weight->deviation = small;
    output_.weight->deviation = 1.0 / std::sqrt(static_cast<double>(c_.width));
  }

  [[nodiscard]] at::Tensor logits(const Batch& batch, const Mode& mode) const override {
    const Sequences& sequences = batch.sequences;
    const Rotary rotary[] = {rotary_of(kGlobal, sequences), rotary_of(kLocal, sequences)};
    at::Tensor x = norm(embed_words(*words_, batch, c_.padding_id), embedding_norm_, c_.norm_epsilon);
    x = dropout(x, mode.dropout(c_.embedding_dropout, kEmbeddings));
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const bool first_only = !c_.mean_pooling && i + 1 == layers_.size();
      x = run(layers_[i], x, sequences, rotary[layers_[i].kind], first_only, mode,
              kLayers + kSitesPerLayer * static_cast<std::uint32_t>(i));
    }
    x = norm(x, final_norm_, c_.norm_epsilon);
    if (c_.mean_pooling) x = sequences.means(x);
    x = linear(x, dense_);
    x = norm(c_.classifier_activation(x, x.new_zeros({c_.width})), head_norm_, c_.norm_epsilon);
    return linear(dropout(x, mode.dropout(c_.classifier_dropout, kHead)), output_);
  }

  [[nodiscard]] bool takes_packed() const override {
    // The kernels count the window of a lone query from the end of the text.
    const bool lone_query_sees_all = c_.mean_pooling || c_.layers.back() == kGlobal;
    return lone_query_sees_all && fits_flash_attention(c_.head_dim());
  }
  [[nodiscard]] Limits limits() const override { return {c_.max_positions, c_.vocab_size, 0}; }
  [[nodiscard]] WordTable words() const override { return {words_, c_.padding_id}; }
  [[nodiscard]] double initial_deviation() const override { return c_.initializer_range; }

 private:
  Layer declare(std::size_t index) {
    const std::string name = "model.layers." + std::to_string(index);
    const auto layer_norm = [&](const char* which) {
      return declare_norm(parameters(), name + which, c_.width, c_.norm_bias);
    };
    const auto layer_linear = [&](const char* which, std::int64_t in, std::int64_t out, Bias bias) {
      return declare_linear(parameters(), name + which, in, out, /*head=*/false, bias);
    };
    return {
        .kind = c_.layers[index],
        .attention_norm = index == 0 ? std::nullopt : std::optional(layer_norm(".attn_norm")),
        .qkv = layer_linear(".attn.Wqkv", c_.width, 3 * c_.width, c_.attention_bias),
        .attention_output = layer_linear(".attn.Wo", c_.width, c_.width, c_.attention_bias),
        .mlp_norm = layer_norm(".mlp_norm"),
        .inner = layer_linear(".mlp.Wi", c_.width, 2 * c_.inner_width, c_.mlp_bias),
        .outer = layer_linear(".mlp.Wo", c_.inner_width, c_.width, c_.mlp_bias),
    };
  }

  [[nodiscard]] Rotary rotary_of(Kind kind, const Sequences& sequences) const {
    return {sequences, c_.head_dim(), c_.rotary[kind].theta, c_.rotary[kind].factor};
  }

  /// For matrix products. The residual stream stays fp32: in bf16 every layer's addition to it would be
  /// rounded.
  [[nodiscard]] at::Tensor in_precision(const at::Tensor& x) const {
    return x.to(parameters().activations());
  }

  /// `first_only`: for the first token of each text, where nothing else is read. Returns `[tokens, width]` or
  /// `[texts, width]`.
  [[nodiscard]] at::Tensor run(const Layer& layer, const at::Tensor& x, const Sequences& sequences,
                               const Rotary& rotary, bool first_only, const Mode& mode,
                               std::uint32_t site) const {
    const at::Tensor normed =
        in_precision(layer.attention_norm ? norm(x, *layer.attention_norm, c_.norm_epsilon) : x);
    const AttentionOptions options{.heads = c_.heads,
                                   .head_dim = c_.head_dim(),
                                   .scale = 1.0 / std::sqrt(static_cast<double>(c_.head_dim())),
                                   .dropout = mode.dropout(c_.attention_dropout, site + kScores),
                                   .window = layer.kind == kLocal ? c_.window : cpu::kEverywhere,
                                   .rotary = rotary};
    const at::Tensor context = first_only ? attention_of_first(layer, normed, sequences, options)
                                          : attention(linear(normed, layer.qkv), sequences, options);
    const at::Tensor residual = first_only ? sequences.first_tokens(x) : x;
    const at::Tensor attended = residual.add(dropout(linear(context, layer.attention_output),
                                                     mode.dropout(c_.attention_dropout, site + kAttended)));
    return attended.add(feed_forward(layer, attended, mode, site));
  }

  [[nodiscard]] at::Tensor attention_of_first(const Layer& layer, const at::Tensor& x,
                                              const Sequences& sequences,
                                              const AttentionOptions& options) const {
    const at::Tensor q = linear_part(sequences.first_tokens(x), layer.qkv, 0, c_.width);
    return attention_of_one(q, linear_part(x, layer.qkv, c_.width, 3 * c_.width), sequences, options);
  }

  [[nodiscard]] at::Tensor feed_forward(const Layer& layer, const at::Tensor& x, const Mode& mode,
                                        std::uint32_t site) const {
    const at::Tensor inner =
        product(in_precision(norm(x, layer.mlp_norm, c_.norm_epsilon)), *layer.inner.weight);
    const auto bias = layer.inner.bias == nullptr ? std::nullopt : std::optional(layer.inner.bias->value);
    const at::Tensor hidden =
        dropout(gated(inner, bias, c_.activation), mode.dropout(c_.mlp_dropout, site + kInner));
    return linear(hidden, layer.outer);
  }

  ModernBertConfig c_;
  Parameter* words_;
  Norm embedding_norm_;
  std::vector<Layer> layers_;
  Norm final_norm_;
  Linear dense_;
  Norm head_norm_;
  Linear output_;
};

}  // namespace

/// ModernBERT for sequence classification (Warner et al. 2024), as transformers'
/// ModernBertForSequenceClassification.
std::unique_ptr<Model> make_modernbert(Config& config, std::int64_t labels, Precision precision) {
  return std::make_unique<ModernBert>(read(config), labels, precision);
}

}  // namespace tagformer
