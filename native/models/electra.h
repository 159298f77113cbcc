#pragma once

#include "models/model.h"

namespace tagformer {

/// ELECTRA's discriminator for sequence classification (Clark et al. 2020), as transformers'
/// ElectraForSequenceClassification.
std::unique_ptr<Model> make_electra(Config& config, std::int64_t labels, Precision precision);

}  // namespace tagformer
