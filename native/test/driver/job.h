// What the driver is asked to do, from JSON to the engine's structures. Fields are named as in
// src/native/types.ts.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "training/run.h"

namespace tagformer::driver {

/// Fields of an object. Throws std::runtime_error naming a field that is missing or of another type.
class Fields {
 public:
  explicit Fields(const Json& json);

  [[nodiscard]] bool has(const std::string& name) const { return fields_->contains(name); }
  [[nodiscard]] const Json& json(const std::string& name) const;
  [[nodiscard]] double number(const std::string& name) const;
  [[nodiscard]] double number_or(const std::string& name, double fallback) const;
  [[nodiscard]] std::int64_t integer(const std::string& name) const;
  [[nodiscard]] std::int64_t integer_or(const std::string& name, std::int64_t fallback) const;
  [[nodiscard]] bool flag(const std::string& name) const;
  [[nodiscard]] std::string text(const std::string& name) const;
  [[nodiscard]] const Json::Array& array(const std::string& name) const;

 private:
  const Json::Object* fields_;
};

ModelSpec to_spec(const Fields& job);
TrainingOptions to_training(const Fields& options);
HostBatch to_batch(const Fields& batch);

Json to_json(const std::vector<float>& values);

}  // namespace tagformer::driver
