// The layers of BERT and its relatives: attention and feed-forward, each with a residual connection and then
// LayerNorm.
#pragma once

#include "layers/attention.h"
#include "models/feed_forward.h"

namespace tagformer {

/// What Hugging Face calls the modules of a layer's attention.
struct AttentionNames {
  const char* query;
  const char* key;
  const char* value;
};

struct LayerName {
  /// Hugging Face's name of the module.
  std::string name;
  /// Where its parameters stand, counted from 1; see Parameter::depth.
  std::int64_t depth;
};

struct LayerStackDescription {
  /// The layers in the order in which they run; those of equal name are one layer that runs several times.
  std::vector<LayerName> layers;
  AttentionNames attention;
  std::int64_t width;
  std::int64_t heads;
  double scores_dropout;
  FeedForwardDescription feed_forward;
};

/// `stem`.0, `stem`.1, ... for layers that each run once.
std::vector<LayerName> numbered_layers(const std::string& stem, std::int64_t count);

class LayerStack {
 public:
  /// What is declared after it stands above all layers.
  LayerStack(ParameterSet& parameters, LayerStackDescription description);

  /// `[tokens, width] -> [texts, width]`: the first token of each text, which is all that the last layer
  /// computes. The dropout of layer i is drawn at places `first_site` + 4 i and the three after it.
  [[nodiscard]] at::Tensor first_tokens(at::Tensor x, const Sequences& sequences, const Mode& mode,
                                        std::uint32_t first_site) const;

 private:
  struct Layer {
    /// Query, key and value, one below the other.
    Linear qkv;
    FeedForward feed_forward;
  };

  [[nodiscard]] Layer declare(ParameterSet& parameters, const std::string& name) const;
  [[nodiscard]] AttentionOptions attention_options(const Mode& mode, std::uint32_t site) const;
  [[nodiscard]] at::Tensor run(const Layer& layer, const at::Tensor& x, const Sequences& sequences,
                               const Mode& mode, std::uint32_t site) const;
  [[nodiscard]] at::Tensor run_last(const Layer& layer, const at::Tensor& x, const Sequences& sequences,
                                    const Mode& mode, std::uint32_t site) const;

  LayerStackDescription description_;
  std::vector<Layer> layers_;
};

}  // namespace tagformer
