// Adversarial word embeddings: the fast gradient method of Miyato, Dai and Goodfellow (2017), over the rows
// of the word table.
#pragma once

#include "models/model.h"

namespace tagformer {

/// How the embeddings of a batch's tokens move to raise its loss: along the gradient that a backward pass
/// left at `batch.words`, or else at the table, and together by `distance` in L2 norm over the table's rows.
/// Every place of a word moves alike; the padding token stays. Of the shape of the embeddings, in fp32;
/// undefined where there is no gradient.
at::Tensor worst_move(const Batch& batch, const WordTable& words, double distance);

}  // namespace tagformer
