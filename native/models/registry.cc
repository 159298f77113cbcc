// The architectures, one line each.
#include "models/model.h"
#include "runtime/error.h"

// The columns:
// - model_type in config.json;
// - the stem of transformers' class names;
// - NAME of the function make_NAME, which is defined in a file of its own;
// - the pretrained network's name within a classifier;
// - its table of word embeddings, within that network;
// - the linear layer whose rows are the labels;
// - the rows of its table of positions where config.json does not say, and how they are counted (Positions in
//   models/embeddings.h).
// src/model/architectures.ts reads these lines too: it needs them before the add-on is loaded.
// clang-format off
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): one line both declares a function and lists it
#define TAGFORMER_ARCHITECTURES(EACH) \
  EACH("albert", "Albert", albert, "albert", "embeddings.word_embeddings", "classifier", 512, kFromZero) \
  EACH("bert", "Bert", bert, "bert", "embeddings.word_embeddings", "classifier", 512, kFromZero) \
  EACH("camembert", "Camembert", roberta, "roberta", "embeddings.word_embeddings", "classifier.out_proj", 512, kAfterPadding) \
  EACH("deberta-v2", "DebertaV2", deberta, "deberta", "embeddings.word_embeddings", "classifier", 512, kFromZero) \
  EACH("distilbert", "DistilBert", distilbert, "distilbert", "embeddings.word_embeddings", "classifier", 512, kFromZero) \
  EACH("electra", "Electra", electra, "electra", "embeddings.word_embeddings", "classifier.out_proj", 512, kFromZero) \
  EACH("modernbert", "ModernBert", modernbert, "model", "embeddings.tok_embeddings", "classifier", 8192, kFromZero) \
  EACH("roberta", "Roberta", roberta, "roberta", "embeddings.word_embeddings", "classifier.out_proj", 512, kAfterPadding) \
  EACH("xlm-roberta", "XLMRoberta", roberta, "roberta", "embeddings.word_embeddings", "classifier.out_proj", 512, kAfterPadding) \
  EACH("xlnet", "XLNet", xlnet, "transformer", "word_embedding", "logits_proj", 0, kNone)
// clang-format on

namespace tagformer {

using Make = std::unique_ptr<Model>(Config& config, std::int64_t labels, Precision precision);

#define TAGFORMER_DECLARE(model_type, class_stem, name, ...) Make make_##name;
TAGFORMER_ARCHITECTURES(TAGFORMER_DECLARE)
#undef TAGFORMER_DECLARE

namespace {

struct Architecture {
  const char* model_type;
  const char* class_stem;
  Make* make;
  const char* base;
};

#define TAGFORMER_LIST(model_type, class_stem, name, base, ...) {model_type, class_stem, make_##name, base},
constexpr Architecture kArchitectures[] = {TAGFORMER_ARCHITECTURES(TAGFORMER_LIST)};
#undef TAGFORMER_LIST

}  // namespace

std::unique_ptr<Model> make_model(Json::Object fields, std::int64_t labels, Precision precision) {
  Config config(std::move(fields));
  const std::string model_type = config.text_or("model_type", "");
  std::vector<std::string> known;
  for (const Architecture& architecture : kArchitectures) {
    known.emplace_back(architecture.model_type);
    if (model_type != architecture.model_type) continue;
    auto model = architecture.make(config, labels, precision);
    config.refuse_unread();
    model->set_names(std::string(architecture.class_stem) + "ForSequenceClassification",
                     std::string(architecture.base) + ".");
    return model;
  }
  throw Error("INVALID_MODEL", "config.json: model_type is \"" + model_type + "\", which is not supported",
              {{model_type}, known});
}

}  // namespace tagformer
