#pragma once

#include "models/model.h"

namespace tagformer {

/// RoBERTa for sequence classification (Liu et al. 2019), as transformers' RobertaForSequenceClassification;
/// XLM-RoBERTa and CamemBERT are the same network.
std::unique_ptr<Model> make_roberta(Config& config, std::int64_t labels, Precision precision);

}  // namespace tagformer
