#include <ATen/ops/tanh.h>

#include "models/bert.h"
#include "runtime/error.h"

namespace tagformer {

/// RoBERTa for sequence classification (Liu et al. 2019), as transformers' RobertaForSequenceClassification;
/// XLM-RoBERTa and CamemBERT are the same network.
std::unique_ptr<Model> make_roberta(Config& config, std::int64_t labels, Precision precision) {
  EncoderDescription d = describe_bert(config, "roberta.", {.padding_id = 1});
  EmbeddingsDescription& embeddings = d.embeddings;
  embeddings.positions = Positions::kAfterPadding;
  if (embeddings.padding_id < 0) {
    throw Error("INVALID_MODEL",
                "config.json: pad_token_id is null; expected a token id, from which positions count");
  }
  if (embeddings.max_positions < embeddings.padding_id + 2) {
    throw Error("INVALID_MODEL", "config.json: max_position_embeddings is " +
                                     std::to_string(embeddings.max_positions) +
                                     "; expected at least pad_token_id + 2, which is " +
                                     std::to_string(embeddings.padding_id + 2));
  }
  const double dropout = read_classifier_dropout(config, d);
  d.head = {.dense = "classifier.dense",
            .output = "classifier.out_proj",
            .activation = at::tanh,
            .input_dropout = dropout,
            .output_dropout = dropout};
  return make_encoder(std::move(d), labels, precision);
}

}  // namespace tagformer
