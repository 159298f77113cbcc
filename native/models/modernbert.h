#pragma once

#include "models/model.h"

namespace tagformer {

/// ModernBERT for sequence classification (Warner et al. 2024), as transformers'
/// ModernBertForSequenceClassification.
std::unique_ptr<Model> make_modernbert(Config& config, std::int64_t labels, Precision precision);

}  // namespace tagformer
