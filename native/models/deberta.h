#pragma once

#include "models/model.h"

namespace tagformer {

/// DeBERTa-v2 and v3 for sequence classification (He et al. 2021), as transformers'
/// DebertaV2ForSequenceClassification.
std::unique_ptr<Model> make_deberta(Config& config, std::int64_t labels, Precision precision);

}  // namespace tagformer
