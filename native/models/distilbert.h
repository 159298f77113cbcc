#pragma once

#include "models/model.h"

namespace tagformer {

/// DistilBERT for sequence classification (Sanh et al. 2019), as transformers'
/// DistilBertForSequenceClassification.
std::unique_ptr<Model> make_distilbert(Config& config, std::int64_t labels, Precision precision);

}  // namespace tagformer
