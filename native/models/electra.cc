#include <ATen/ops/gelu.h>

#include "models/bert.h"

namespace tagformer {

/// ELECTRA's discriminator for sequence classification (Clark et al. 2020), as transformers'
/// ElectraForSequenceClassification.
std::unique_ptr<Model> make_electra(Config& config, std::int64_t labels, Precision precision) {
  EncoderDescription d = describe_bert(config, "electra.");
  d.embeddings.width = config.integer_or("embedding_size", 128, 1, cpu::kMaxNormWidth);
  if (d.embeddings.width != d.layers.width) d.projection = "electra.embeddings_project";
  const double dropout = read_classifier_dropout(config, d);
  d.head = {.dense = "classifier.dense",
            .output = "classifier.out_proj",
            .activation = [](const at::Tensor& x) { return at::gelu(x); },
            .input_dropout = dropout,
            .output_dropout = dropout};
  // Of the multiple-choice head only.
  (void)config.text_or("summary_type", "");
  (void)config.text_or("summary_activation", "");
  (void)config.boolean_or("summary_use_proj", true);
  (void)config.number_or("summary_last_dropout", 0.0, 0.0, 1.0);
  return make_encoder(std::move(d), labels, precision);
}

}  // namespace tagformer
