#include "models/embeddings.h"

#include <ATen/ops/embedding.h>

#include "layers/linear.h"
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
  words_->looked_up_only = true;
  if (d.positions != Positions::kNone) {
    positions_ = declare_table(parameters, d.name + ".position_embeddings", d.max_positions, d.width,
                               d.initial_positions);
  }
  types_ =
      d.types == 0 ? nullptr : declare_table(parameters, d.name + ".token_type_embeddings", d.types, d.width);
  if (d.projection) {
    projection_ = &parameters.add(d.name + "." + d.projection->name + ".weight",
                                  {d.projection->width, d.width}, Role::kMatrix, Initial::kNormal);
    projection_->multiplies_only = true;
  }
  norm_ = declare_norm(parameters, d.name + ".LayerNorm", d.projection ? d.projection->width : d.width);
}

at::Tensor Embeddings::operator()(const Batch& batch, const Mode& mode, std::uint32_t site) const {
  const EmbeddingsDescription& d = description_;
  // As in transformers, the padding token's rows get no gradient, even where a text holds that token.
  at::Tensor x = embed_words(*words_, batch, d.padding_id);
  if (d.positions == Positions::kFromZero) {
    x = x.add(at::embedding(positions_->value, batch.sequences.positions()));
  } else if (d.positions == Positions::kAfterPadding) {
    const at::Tensor positions = positions_after_padding(batch, d.padding_id);
    x = x.add(at::embedding(positions_->value, positions, d.padding_id));
  }
  if (types_ != nullptr) {
    // Without segment ids every token has type 0: one row, added to all.
    x = x.add(batch.types.defined() ? at::embedding(types_->value, batch.types)
                                    : types_->value.slice(0, 0, 1));
  }
  if (projection_ != nullptr) {
    x = product(x.to(projection_->value.scalar_type()), *projection_).to(at::kFloat);
  }
  x = residual_norm(x, std::nullopt, std::nullopt, norm_.gamma->value, norm_.beta->value,
                    {d.norm_epsilon, {}});
  return dropout(x, mode.dropout(d.dropout, site));
}

Limits Embeddings::limits() const {
  const EmbeddingsDescription& d = description_;
  const std::int64_t skipped = d.positions == Positions::kAfterPadding ? d.padding_id + 1 : 0;
  // Without a table of positions there is no longest text; 2^20 tokens keep the offsets of a batch in range.
  const std::int64_t max_length = d.positions == Positions::kNone ? 1 << 20 : d.max_positions - skipped;
  return {max_length, d.vocabulary_size, d.types};
}

}  // namespace tagformer
