#pragma once

#include "models/model.h"

namespace tagformer {

/// ALBERT for sequence classification (Lan et al. 2020), as transformers' AlbertForSequenceClassification.
std::unique_ptr<Model> make_albert(Config& config, std::int64_t labels, Precision precision);

}  // namespace tagformer
