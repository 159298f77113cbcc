// The second half of a layer of BERT and its relatives.
#pragma once

#include "layers/activation.h"
#include "models/model.h"
#include "weights/declare.h"

namespace tagformer {

/// What Hugging Face calls the modules of a layer that come after attention.
struct FeedForwardNames {
  const char* attention_output;
  const char* attention_norm;
  const char* intermediate;
  const char* output;
  const char* output_norm;
};

struct FeedForwardDescription {
  FeedForwardNames names;
  std::int64_t intermediate_width;
  Activation activation;
  double norm_epsilon;
  double attention_dropout;
  double output_dropout;
};

/// Everything of a layer after attention, row by row: the projection of the heads, then two linear layers
/// with an activation between them, both with a residual connection and then LayerNorm.
class FeedForward {
 public:
  FeedForward(ParameterSet& parameters, const std::string& layer, std::int64_t width,
              const FeedForwardDescription& description);

  /// `[rows, width]`, like `context`, what the heads give, and `residual`, the layer's input. Dropout is
  /// drawn at places `first_site` + 1 and + 2.
  [[nodiscard]] at::Tensor operator()(const at::Tensor& context, const at::Tensor& residual, const Mode& mode,
                                      std::uint32_t first_site) const;

 private:
  FeedForwardDescription description_;
  Linear attention_output_;
  Norm attention_norm_;
  Linear intermediate_;
  Linear output_;
  Norm output_norm_;
};

}  // namespace tagformer
