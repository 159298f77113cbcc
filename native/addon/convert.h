// Between JavaScript values and the engine's plain structures. Everything is copied: a caller may change,
// transfer or resize its arrays while the engine works.
#pragma once

#include "addon/napi_setup.h"
#include "addon/promises.h"
#include "engine/engine.h"
#include "training/run.h"

namespace tagformer::addon {

/// A plain value as JSON.parse gives it. Throws TypeError for anything else, or when nested too deeply.
Json to_json(const Napi::Value& value);

/// An array of ranges of files.
std::vector<TensorSource> to_sources(const Napi::Value& value);
ModelSpec to_model_spec(const Napi::Object& object);
TrainingOptions to_training_options(const Napi::Object& object);
/// A rank's part of a step.
StepShare to_share(const Napi::Object& object);
/// `with_labels` requires `labels`.
HostBatch to_host_batch(const Napi::Value& value, bool with_labels);

/// An object of texts, by name.
std::map<std::string, std::string> to_texts(const Napi::Object& object);
/// The token ids `baseline` of a request for an attribution.
std::vector<std::int32_t> to_baseline(const Napi::Object& object);
AttributionOptions to_attribution_options(const Napi::Object& object);

/// A required integer field of an options object.
std::int64_t integer(const Napi::Object& object, const char* field);

Napi::Value to_float_array(Napi::Env env, const std::vector<float>& values);
Napi::Value to_info(Napi::Env env, const LoadedModel& model);
Napi::Value to_attribution(Napi::Env env, const Attribution& attribution);
Napi::Value to_step(Napi::Env env, const StepResult& result);
Napi::Value to_export_check(Napi::Env env, const ExportCheck& check);

}  // namespace tagformer::addon
