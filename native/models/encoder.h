// BERT and its relatives: one model class, which an architecture describes.
#pragma once

#include <optional>

#include "models/embeddings.h"
#include "models/layer_stack.h"

namespace tagformer {

/// What turns the first token of a text into logits: output(dropout(activation(dense(dropout(x))))).
struct HeadDescription {
  std::string dense;
  /// The linear layer with one row a label.
  std::string output;
  at::Tensor (*activation)(const at::Tensor& x);
  double input_dropout = 0.0;
  double output_dropout = 0.0;
};

struct EncoderDescription {
  EmbeddingsDescription embeddings;
  /// The linear layer from the embeddings' width to the layers'; absent where they are the same.
  std::optional<std::string> projection;
  LayerStackDescription layers;
  HeadDescription head;
  double initializer_range;
};

std::unique_ptr<Model> make_encoder(EncoderDescription description, std::int64_t labels, Precision precision);

}  // namespace tagformer
