#pragma once

#include "models/model.h"

namespace tagformer {

/// BERT for sequence classification (Devlin et al. 2019), as transformers' BertForSequenceClassification.
std::unique_ptr<Model> make_bert(Config& config, std::int64_t labels, Precision precision);

}  // namespace tagformer
