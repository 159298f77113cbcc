#include "addon/convert.h"

#include <cmath>
#include <cstring>

#include "addon/fields.h"

namespace tagformer::addon {
namespace {

constexpr int kDeepest = 64;

Json to_json(const Napi::Value& value, int depth) {
  if (depth > kDeepest)
    refuse(value.Env(), "config", "an object nested at most " + std::to_string(kDeepest) + " deep");
  if (value.IsNull() || value.IsUndefined()) return {std::monostate{}};
  if (value.IsBoolean()) return {value.As<Napi::Boolean>().Value()};
  if (value.IsNumber()) return {value.As<Napi::Number>().DoubleValue()};
  if (value.IsString()) return {value.As<Napi::String>().Utf8Value()};
  if (value.IsArray()) {
    const auto array = value.As<Napi::Array>();
    Json::Array items;
    for (std::uint32_t i = 0; i < array.Length(); ++i) items.push_back(to_json(array.Get(i), depth + 1));
    return {items};
  }
  if (!value.IsObject()) refuse(value.Env(), "config", "a JSON value");
  const auto object = value.As<Napi::Object>();
  const Napi::Array names = object.GetPropertyNames();
  Json::Object fields;
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    const Napi::Value name = names.Get(i);
    fields.emplace(name.ToString().Utf8Value(), to_json(object.Get(name), depth + 1));
  }
  return {fields};
}

template <typename T>
std::vector<T> copy(const Napi::Object& object, const char* field, napi_typedarray_type type,
                    const char* expected) {
  const Napi::Value value = object.Get(field);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    refuse(object.Env(), field, expected);
  }
  const auto array = value.As<Napi::TypedArrayOf<T>>();
  std::vector<T> values(array.ElementLength());
  if (!values.empty()) std::memcpy(values.data(), array.Data(), values.size() * sizeof(T));
  return values;
}

std::vector<std::int64_t> to_shape(const Napi::Object& object) {
  const Napi::Value value = object.Get("shape");
  if (!value.IsArray()) refuse(object.Env(), "shape", "an array");
  const auto array = value.As<Napi::Array>();
  std::vector<std::int64_t> shape;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value size = array.Get(i);
    if (!size.IsNumber()) refuse(object.Env(), "shape", "an array of numbers");
    shape.push_back(size.As<Napi::Number>().Int64Value());
  }
  return shape;
}

LossOptions to_loss(const Napi::Value& value) {
  if (!value.IsObject()) refuse(value.Env(), "loss", "an object");
  const auto object = value.As<Napi::Object>();
  LossOptions loss{.positive_focus = number(object, "positiveFocus"),
                   .negative_focus = number(object, "negativeFocus"),
                   .margin = number(object, "margin"),
                   .negative_weight = number(object, "negativeWeight"),
                   .smoothing = number(object, "smoothing"),
                   .positive_weights = {},
                   .r_drop = has(object, "rDrop") ? number(object, "rDrop") : 0.0};
  if (has(object, "positiveWeights")) {
    loss.positive_weights = copy<float>(object, "positiveWeights", napi_float32_array, "a Float32Array");
  }
  return loss;
}

Decay to_decay(const Napi::Object& object) {
  const std::string schedule = text(object, "schedule");
  if (schedule == "cosine") return Decay::kCosine;
  if (schedule == "linear") return Decay::kLinear;
  if (schedule == "constant") return Decay::kNone;
  refuse(object.Env(), "schedule", "constant, linear or cosine");
}

std::vector<std::string> to_strings(const Napi::Object& object, const char* field) {
  const Napi::Value value = object.Get(field);
  if (!value.IsArray()) refuse(object.Env(), field, "an array");
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> strings;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    if (!item.IsString()) refuse(object.Env(), field, "an array of strings");
    strings.push_back(item.As<Napi::String>().Utf8Value());
  }
  return strings;
}

TensorSource to_source(const Napi::Value& value) {
  if (!value.IsObject()) refuse(value.Env(), "tensors", "an array of objects");
  const auto object = value.As<Napi::Object>();
  return {text(object, "name"), text(object, "file"),     text(object, "dtype"),
          to_shape(object),     integer(object, "begin"), integer(object, "end")};
}

}  // namespace

std::int64_t integer(const Napi::Object& object, const char* field) {
  const double value = number(object, field);
  if (value != std::floor(value) || std::abs(value) > 9007199254740991.0)
    refuse(object.Env(), field, "an integer");
  return static_cast<std::int64_t>(value);
}

Json to_json(const Napi::Value& value) { return to_json(value, 0); }

std::vector<TensorSource> to_sources(const Napi::Value& value) {
  if (!value.IsArray()) refuse(value.Env(), "tensors", "an array");
  const auto array = value.As<Napi::Array>();
  std::vector<TensorSource> sources;
  sources.reserve(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) sources.push_back(to_source(array.Get(i)));
  return sources;
}

ModelSpec to_model_spec(const Napi::Object& object) {
  const Napi::Env env = object.Env();
  ModelSpec spec{};
  Json config = to_json(object.Get("config"));
  if (!std::holds_alternative<Json::Object>(config.value)) refuse(env, "config", "an object");
  spec.config = std::get<Json::Object>(std::move(config.value));
  spec.labels = integer(object, "labels");
  if (spec.labels < 1 || spec.labels > (1 << 20)) refuse(env, "labels", "1 to 1048576");
  spec.tensors = to_sources(object.Get("tensors"));
  if (!object.Get("script").IsUndefined()) spec.script = text(object, "script");
  spec.seed = static_cast<std::uint64_t>(integer(object, "seed"));
  const auto precision = find_precision(text(object, "precision"));
  if (!precision) refuse(env, "precision", "fp32, bf16 or int8");
  spec.precision = *precision;
  if (has(object, "device")) spec.device = text(object, "device");
  spec.dense = flag(object, "dense");
  spec.training = flag(object, "training");
  spec.fresh_scores = flag(object, "freshHead");
  if (has(object, "experiments")) spec.experiments = to_strings(object, "experiments");
  return spec;
}

TrainingOptions to_training_options(const Napi::Object& object) {
  return {
      .optimizer = {.weight_decay = number(object, "weightDecay"),
                    .beta1 = number(object, "beta1"),
                    .beta2 = number(object, "beta2"),
                    .epsilon = number(object, "epsilon"),
                    .epsilon_before_correction = flag(object, "epsilonBeforeCorrection"),
                    .max_gradient_norm = number(object, "maxGradientNorm"),
                    .average_steps = has(object, "averageSteps") ? integer(object, "averageSteps") : 0,
                    .factors = {}},
      .schedule = {.peak = number(object, "learningRate"),
                   .decay = to_decay(object),
                   .warmup_steps = integer(object, "warmupSteps"),
                   .total_steps = integer(object, "totalSteps")},
      .seed = static_cast<std::uint64_t>(integer(object, "seed")),
      .dropout = boolean(object, "dropout"),
      .loss = has(object, "loss") ? to_loss(object.Get("loss")) : LossOptions{},
      .adversarial = has(object, "adversarial") ? number(object, "adversarial") : 0.0,
      .pooling = flag(object, "meanOfWindows") ? Pooling::kMean : Pooling::kMax,
      .layers = {.decay = has(object, "layerDecay") ? number(object, "layerDecay") : 1.0,
                 .freeze_embeddings = flag(object, "freezeEmbeddings"),
                 .freeze_layers = has(object, "freezeLayers") ? integer(object, "freezeLayers") : 0,
                 .head = has(object, "headRate") ? number(object, "headRate") : 1.0},
      .head_bias = has(object, "initialHeadBias")
                       ? copy<float>(object, "initialHeadBias", napi_float32_array, "a Float32Array")
                       : std::vector<float>{},
      .ordered = flag(object, "ordered"),
  };
}

StepShare to_share(const Napi::Object& object) {
  return {.labelled_count = integer(object, "labelled"),
          .first_micro_batch = integer(object, "firstMicroBatch"),
          .all_micro_batches = integer(object, "allMicroBatches"),
          .stop = boolean(object, "stop")};
}

HostBatch to_host_batch(const Napi::Value& value, bool with_labels) {
  if (!value.IsObject()) refuse(value.Env(), "batch", "an object");
  const auto object = value.As<Napi::Object>();
  HostBatch batch;
  batch.ids = copy<std::int32_t>(object, "ids", napi_int32_array, "an Int32Array");
  batch.offsets = copy<std::int32_t>(object, "offsets", napi_int32_array, "an Int32Array");
  if (has(object, "types")) {
    batch.types = copy<std::int32_t>(object, "types", napi_int32_array, "an Int32Array");
  }
  if (!with_labels) return batch;
  batch.labels = copy<float>(object, "labels", napi_float32_array, "a Float32Array");
  if (has(object, "texts")) {
    batch.texts = copy<std::int32_t>(object, "texts", napi_int32_array, "an Int32Array");
  }
  if (has(object, "weights")) {
    batch.weights = copy<float>(object, "weights", napi_float32_array, "a Float32Array");
  }
  return batch;
}

std::map<std::string, std::string> to_texts(const Napi::Object& object) {
  const Napi::Array names = object.GetPropertyNames();
  std::map<std::string, std::string> texts;
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = names.Get(i).ToString().Utf8Value();
    texts.emplace(name, text(object, name.c_str()));
  }
  return texts;
}

std::vector<std::int32_t> to_baseline(const Napi::Object& object) {
  return copy<std::int32_t>(object, "baseline", napi_int32_array, "an Int32Array");
}

AttributionOptions to_attribution_options(const Napi::Object& object) {
  return {.label = integer(object, "label"),
          .tolerance = number(object, "tolerance"),
          .most_gradients = integer(object, "maxGradients")};
}

Napi::Value to_float_array(Napi::Env env, const std::vector<float>& values) {
  auto array = Napi::Float32Array::New(env, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(float));
  return {env, array};
}

Napi::Value to_info(Napi::Env env, const LoadedModel& model) {
  auto info = Napi::Object::New(env);
  const Limits limits = model.model().limits();
  info.Set("parameters", static_cast<double>(model.parameters().element_count()));
  info.Set("initialised", to_array(env, model.load_report().initialised));
  info.Set("ignored", to_array(env, model.load_report().ignored));
  info.Set("hasHead", model.load_report().has_scores);
  info.Set("classifierClass", model.model().classifier_class());
  std::vector<std::string> warnings;
  std::vector<std::string> notes;
  for (const Note& note : model.model().notes()) {
    (note.about == About::kScores ? warnings : notes).push_back(note.sentence);
  }
  info.Set("warnings", to_array(env, warnings));
  info.Set("notes", to_array(env, notes));
  info.Set("maxLength", static_cast<double>(limits.max_length));
  info.Set("vocabularySize", static_cast<double>(limits.vocabulary_size));
  info.Set("labels", static_cast<double>(model.labels()));
  info.Set("device", model.device().str());
  info.Set("deviceNote", model.device_note());
  return info;
}

Napi::Value to_attribution(Napi::Env env, const Attribution& attribution) {
  const std::vector<double>& contributions = attribution.contributions;
  auto array = Napi::Float64Array::New(env, contributions.size());
  if (!contributions.empty())
    std::memcpy(array.Data(), contributions.data(), contributions.size() * sizeof(double));
  auto result = Napi::Object::New(env);
  result.Set("contributions", array);
  result.Set("logit", attribution.logit);
  result.Set("baselineLogit", attribution.baseline_logit);
  result.Set("error", attribution.error);
  result.Set("gradients", static_cast<double>(attribution.gradients));
  return result;
}

Napi::Value to_step(Napi::Env env, const StepResult& result) {
  auto step = Napi::Object::New(env);
  step.Set("step", static_cast<double>(result.step));
  step.Set("loss", result.update.loss);
  step.Set("gradientNorm", result.update.gradient_norm);
  step.Set("learningRate", result.learning_rate);
  step.Set("applied", result.update.applied);
  step.Set("parts", static_cast<double>(result.parts));
  step.Set("stop", result.stop);
  return step;
}

Napi::Value to_export_check(Napi::Env env, const ExportCheck& check) {
  auto object = Napi::Object::New(env);
  object.Set("texts", static_cast<double>(check.texts));
  object.Set("shortest", static_cast<double>(check.shortest));
  object.Set("longest", static_cast<double>(check.longest));
  object.Set("difference", check.difference);
  return object;
}

}  // namespace tagformer::addon
