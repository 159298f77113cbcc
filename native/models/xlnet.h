#pragma once

#include "models/model.h"

namespace tagformer {

/// XLNet for sequence classification (Yang et al. 2019), as transformers' XLNetForSequenceClassification.
std::unique_ptr<Model> make_xlnet(Config& config, std::int64_t labels, Precision precision);

}  // namespace tagformer
