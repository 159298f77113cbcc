// The layers of BERT and its relatives: attention and feed-forward, each with a residual connection and then
// LayerNorm.
#pragma once

#include "layers/activation.h"
#include "layers/attention.h"
#include "models/model.h"
#include "weights/declare.h"

namespace tagformer {

/// What Hugging Face calls the modules of a layer.
struct LayerNames {
  const char* query;
  const char* key;
  const char* value;
  const char* attention_output;
  const char* attention_norm;
  const char* intermediate;
  const char* output;
  const char* output_norm;
};

struct LayerStackDescription {
  /// The layers in the order in which they run; those of equal name are one layer that runs several times.
  std::vector<std::string> layers;
  LayerNames names;
  std::int64_t width;
  std::int64_t heads;
  std::int64_t intermediate_width;
  Activation activation;
  double norm_epsilon;
  double scores_dropout;
  double attention_dropout;
  double output_dropout;
};

/// `stem`.0, `stem`.1, ... for layers that each run once.
std::vector<std::string> numbered_layers(const std::string& stem, std::int64_t count);

class LayerStack {
 public:
  LayerStack(ParameterSet& parameters, LayerStackDescription description);

  /// `[tokens, width] -> [texts, width]`: the first token of each text, which is all that the last layer
  /// computes. The dropout of layer i is drawn at places `first_site` + 4 i and the three after it.
  [[nodiscard]] at::Tensor first_tokens(at::Tensor x, const Sequences& sequences, const Mode& mode,
                                        std::uint32_t first_site) const;

 private:
  struct Layer {
    /// Query, key and value, one below the other.
    Linear qkv;
    Linear attention_output;
    Norm attention_norm;
    Linear intermediate;
    Linear output;
    Norm output_norm;
  };

  [[nodiscard]] Layer declare(ParameterSet& parameters, const std::string& name) const;
  [[nodiscard]] AttentionOptions attention_options(const Mode& mode, std::uint32_t site) const;
  [[nodiscard]] at::Tensor run(const Layer& layer, const at::Tensor& x, const Sequences& sequences,
                               const Mode& mode, std::uint32_t site) const;
  [[nodiscard]] at::Tensor run_last(const Layer& layer, const at::Tensor& x, const Sequences& sequences,
                                    const Mode& mode, std::uint32_t site) const;
  [[nodiscard]] at::Tensor feed_forward(const Layer& layer, const at::Tensor& context,
                                        const at::Tensor& residual, const Mode& mode,
                                        std::uint32_t site) const;

  LayerStackDescription description_;
  std::vector<Layer> layers_;
};

}  // namespace tagformer
