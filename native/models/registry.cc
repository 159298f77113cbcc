// The architectures, one line each.
#include "models/albert.h"
#include "models/bert.h"
#include "models/deberta.h"
#include "models/distilbert.h"
#include "models/electra.h"
#include "models/model.h"
#include "models/modernbert.h"
#include "models/roberta.h"
#include "models/suggestion.h"
#include "models/xlnet.h"
#include "runtime/error.h"

namespace tagformer {
namespace {

struct Architecture {
  const char* model_type;
  std::unique_ptr<Model> (*make)(Config& config, std::int64_t labels, Precision precision);
};

constexpr Architecture kArchitectures[] = {
    {"albert", make_albert},         {"bert", make_bert},
    {"camembert", make_roberta},     {"deberta-v2", make_deberta},
    {"distilbert", make_distilbert}, {"electra", make_electra},
    {"modernbert", make_modernbert}, {"roberta", make_roberta},
    {"xlm-roberta", make_roberta},   {"xlnet", make_xlnet},
};

}  // namespace

std::unique_ptr<Model> make_model(Json::Object fields, std::int64_t labels, Precision precision) {
  Config config(std::move(fields));
  const std::string model_type = config.text_or("model_type", "");
  std::vector<std::string> names;
  std::string supported;
  for (const Architecture& architecture : kArchitectures) {
    if (model_type == architecture.model_type) {
      auto model = architecture.make(config, labels, precision);
      config.refuse_unread();
      return model;
    }
    names.emplace_back(architecture.model_type);
    supported += (supported.empty() ? "" : ", ") + names.back();
  }
  const auto nearest = nearest_name(model_type, names);
  throw Error("INVALID_MODEL", "config.json: model_type is \"" + model_type + "\", which is not supported; " +
                                   (nearest ? "did you mean \"" + *nearest + "\"? Supported" : "supported") +
                                   " are " + supported);
}

}  // namespace tagformer
