// Which tokens a score comes from: integrated gradients (Sundararajan et al., ICML 2017) over the word
// embeddings.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "models/model.h"

namespace tagformer {

struct AttributionOptions {
  /// Column of the logits.
  std::int64_t label;
  /// Largest acceptable error of the contributions' sum, in units of the logit.
  double tolerance;
  /// Gradients after which to stop, whatever the error.
  std::int64_t most_gradients;
};

struct Attribution {
  /// What each token adds to the logit, `[tokens]`.
  std::vector<double> contributions;
  /// Of the text, and of the text with the baseline's tokens in its place: the contributions sum to their
  /// difference but for `error`.
  double logit;
  double baseline_logit;
  double error;
  /// Number of gradients that were computed.
  std::int64_t gradients;
};

/// Gives a batch of a text repeated some times.
using Repeat = std::function<Batch(std::int64_t times)>;

/// Integrates the gradient along the straight line from the baseline's word embeddings to the text's.
/// Positions and segments stay those of the text. The line is cut where the gradients do not yet sum to the
/// difference of the logits at the ends of a piece, which is known exactly, so that no number of steps has to
/// be guessed. Throws INVALID_MODEL where the model has no table of word embeddings.
Attribution integrated_gradients(const Model& model, const Repeat& text, const Repeat& baseline,
                                 const AttributionOptions& options);

}  // namespace tagformer
