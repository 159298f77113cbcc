// The first part of BERT and its relatives: what a token, its position and its segment stand for, added and
// normalised.
#pragma once

#include <optional>

#include "models/model.h"
#include "weights/declare.h"

namespace tagformer {

/// How a token's row in the position table is found.
enum class Positions {
  /// Its index in the text.
  kFromZero,
  /// RoBERTa's: the number of tokens up to it that are not padding, counted from the padding id + 1; padding
  /// tokens, even those that a text spells out, have the padding id's row.
  kAfterPadding,
  /// Nowhere: there is no such table, and the layers above know of positions by other means.
  kNone,
};

struct Projection {
  /// In the embeddings' module.
  std::string name;
  std::int64_t width;
};

struct EmbeddingsDescription {
  /// Hugging Face's name of the module, such as "bert.embeddings".
  std::string name;
  std::int64_t width;
  std::int64_t vocabulary_size;
  std::int64_t max_positions;
  /// Rows of the segment table; 0 where the architecture has none.
  std::int64_t types;
  /// Token whose rows get no gradient; -1 for none.
  std::int64_t padding_id;
  double norm_epsilon;
  double dropout;
  Positions positions = Positions::kFromZero;
  Initial initial_positions = Initial::kNormal;
  /// A linear layer without bias to another width, before the norm; DeBERTa's.
  std::optional<Projection> projection = std::nullopt;
};

class Embeddings {
 public:
  Embeddings(ParameterSet& parameters, EmbeddingsDescription description);

  /// `[tokens, width]` in fp32. `site` is the place of its dropout.
  [[nodiscard]] at::Tensor operator()(const Batch& batch, const Mode& mode, std::uint32_t site) const;

  [[nodiscard]] Limits limits() const;
  [[nodiscard]] WordTable words() const { return {words_, description_.padding_id}; }

 private:
  EmbeddingsDescription description_;
  Parameter* words_;
  /// Null where the architecture has none here.
  Parameter* positions_ = nullptr;
  /// Null where the architecture has no segments.
  Parameter* types_;
  Parameter* projection_ = nullptr;
  Norm norm_;
};

}  // namespace tagformer
