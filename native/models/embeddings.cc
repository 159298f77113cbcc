#include "models/embeddings.h"

#include <ATen/ops/embedding.h>

#include "layers/norm.h"

namespace tagformer {
namespace {

at::Tensor positions_after_padding(const Batch& batch, std::int64_t padding_id) {
  const at::Tensor counts = batch.ids.ne(padding_id).to(at::kLong);
  return batch.sequences.running_sum(counts).mul(counts).add(padding_id);
}

}  // namespace

Embeddings::Embeddings(ParameterSet& parameters, EmbeddingsDescription description)
    : description_(std::move(description)) {
  const EmbeddingsDescription& d = description_;
  words_ = declare_table(parameters, d.name + ".word_embeddings", d.vocabulary_size, d.width);
  positions_ = declare_table(parameters, d.name + ".position_embeddings", d.max_positions, d.width,
                             d.initial_positions);
  types_ =
      d.types == 0 ? nullptr : declare_table(parameters, d.name + ".token_type_embeddings", d.types, d.width);
  norm_ = declare_norm(parameters, d.name + ".LayerNorm", d.width);
}

at::Tensor Embeddings::operator()(const Batch& batch, const Mode& mode, std::uint32_t site) const {
  const EmbeddingsDescription& d = description_;
  // As in transformers, the padding token's rows get no gradient, even where a text holds that token.
  const bool after_padding = d.positions == Positions::kAfterPadding;
  const at::Tensor positions =
      after_padding ? positions_after_padding(batch, d.padding_id) : batch.sequences.positions();
  at::Tensor x = at::embedding(words_->value, batch.ids, d.padding_id)
                     .add(at::embedding(positions_->value, positions, after_padding ? d.padding_id : -1));
  if (types_ != nullptr) {
    // Without segment ids every token has type 0: one row, added to all.
    x = x.add(batch.types.defined() ? at::embedding(types_->value, batch.types)
                                    : types_->value.slice(0, 0, 1));
  }
  x = residual_norm(x, std::nullopt, std::nullopt, norm_.gamma->value, norm_.beta->value,
                    {d.norm_epsilon, {}});
  return dropout(x, mode.dropout(d.dropout, site));
}

Limits Embeddings::limits() const {
  const EmbeddingsDescription& d = description_;
  const std::int64_t skipped = d.positions == Positions::kAfterPadding ? d.padding_id + 1 : 0;
  return {d.max_positions - skipped, d.vocabulary_size, d.types};
}

}  // namespace tagformer
