// The architectures, one line each.
#include "models/model.h"
#include "runtime/error.h"

// model_type in config.json, the stem of transformers' class names, and the function make_NAME, which is
// defined in a file of its own.
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): one line both declares a function and lists it
#define TAGFORMER_ARCHITECTURES(EACH)          \
  EACH("albert", "Albert", albert)             \
  EACH("bert", "Bert", bert)                   \
  EACH("camembert", "Camembert", roberta)      \
  EACH("deberta-v2", "DebertaV2", deberta)     \
  EACH("distilbert", "DistilBert", distilbert) \
  EACH("electra", "Electra", electra)          \
  EACH("modernbert", "ModernBert", modernbert) \
  EACH("roberta", "Roberta", roberta)          \
  EACH("xlm-roberta", "XLMRoberta", roberta)   \
  EACH("xlnet", "XLNet", xlnet)

namespace tagformer {

using Make = std::unique_ptr<Model>(Config& config, std::int64_t labels, Precision precision);

#define TAGFORMER_DECLARE(model_type, class_stem, name) Make make_##name;
TAGFORMER_ARCHITECTURES(TAGFORMER_DECLARE)
#undef TAGFORMER_DECLARE

namespace {

struct Architecture {
  const char* model_type;
  const char* class_stem;
  Make* make;
};

#define TAGFORMER_LIST(model_type, class_stem, name) {model_type, class_stem, make_##name},
constexpr Architecture kArchitectures[] = {TAGFORMER_ARCHITECTURES(TAGFORMER_LIST)};
#undef TAGFORMER_LIST

}  // namespace

std::unique_ptr<Model> make_model(Json::Object fields, std::int64_t labels, Precision precision) {
  Config config(std::move(fields));
  const std::string model_type = config.text_or("model_type", "");
  std::vector<std::string> known;
  for (const auto& [name, class_stem, make] : kArchitectures) {
    known.emplace_back(name);
    if (model_type != name) continue;
    auto model = make(config, labels, precision);
    config.refuse_unread();
    model->set_classifier_class(std::string(class_stem) + "ForSequenceClassification");
    return model;
  }
  throw Error("INVALID_MODEL", "config.json: model_type is \"" + model_type + "\", which is not supported",
              {{model_type}, known});
}

}  // namespace tagformer
