#include "driver/job.h"

#include <limits>
#include <stdexcept>

namespace tagformer::driver {
namespace {

template <typename T>
const T& as(const Json& json, const std::string& name) {
  const T* const value = std::get_if<T>(&json.value);
  if (value == nullptr) throw std::runtime_error("the job's field " + name + " is of another type");
  return *value;
}

/// Numbers of a list, null standing for NaN; empty where there is none.
template <typename T>
std::vector<T> numbers(const Fields& fields, const std::string& name) {
  std::vector<T> values;
  if (!fields.has(name)) return values;
  for (const Json& item : fields.array(name)) {
    values.push_back(item.is_null() ? std::numeric_limits<T>::quiet_NaN()
                                    : static_cast<T>(as<double>(item, name)));
  }
  return values;
}

TensorSource to_source(const Fields& tensor) {
  return {tensor.text("name"),     tensor.text("file"),
          tensor.text("dtype"),    numbers<std::int64_t>(tensor, "shape"),
          tensor.integer("begin"), tensor.integer("end")};
}

}  // namespace

Fields::Fields(const Json& json) : fields_(&as<Json::Object>(json, "(an object)")) {}

const Json& Fields::json(const std::string& name) const {
  const auto found = fields_->find(name);
  if (found == fields_->end()) throw std::runtime_error("the job lacks the field " + name);
  return found->second;
}

double Fields::number(const std::string& name) const { return as<double>(json(name), name); }

double Fields::number_or(const std::string& name, double fallback) const {
  return has(name) ? number(name) : fallback;
}

std::int64_t Fields::integer(const std::string& name) const {
  return static_cast<std::int64_t>(number(name));
}

std::int64_t Fields::integer_or(const std::string& name, std::int64_t fallback) const {
  return has(name) ? integer(name) : fallback;
}

bool Fields::flag(const std::string& name) const { return has(name) && as<bool>(json(name), name); }
std::string Fields::text(const std::string& name) const { return as<std::string>(json(name), name); }

const Json::Array& Fields::array(const std::string& name) const { return as<Json::Array>(json(name), name); }

ModelSpec to_spec(const Fields& job) {
  ModelSpec spec{.config = as<Json::Object>(job.json("config"), "config"),
                 .labels = job.integer("labels"),
                 .tensors = {},
                 .script = "",
                 .seed = static_cast<std::uint64_t>(job.integer_or("seed", 1)),
                 .precision = job.text("precision") == "bf16" ? Precision::kBfloat16 : Precision::kFloat32,
                 .device = job.text("device"),
                 .dense = job.flag("dense"),
                 .experiments = {}};
  if (job.has("experiments")) {
    for (const Json& name : job.array("experiments")) {
      spec.experiments.push_back(as<std::string>(name, "experiments"));
    }
  }
  for (const Json& tensor : job.array("tensors")) spec.tensors.push_back(to_source(Fields(tensor)));
  return spec;
}

TrainingOptions to_training(const Fields& options) {
  return {.optimizer = {.weight_decay = options.number_or("weightDecay", 0.01),
                        .beta1 = options.number_or("beta1", 0.9),
                        .beta2 = options.number_or("beta2", 0.999),
                        .epsilon = options.number_or("epsilon", 1e-8),
                        .epsilon_before_correction = false,
                        .max_gradient_norm = options.number_or("maxGradientNorm", 1.0),
                        .factors = {}},
          .schedule = {.peak = options.number("learningRate"),
                       .decay = false,
                       .warmup_steps = 0,
                       .total_steps = 1},
          .seed = static_cast<std::uint64_t>(options.integer_or("seed", 1)),
          .dropout = options.flag("dropout"),
          .loss = {},
          .pooling = Pooling::kMax,
          .layers = {}};
}

HostBatch to_batch(const Fields& batch) {
  return {.ids = numbers<std::int32_t>(batch, "ids"),
          .offsets = numbers<std::int32_t>(batch, "offsets"),
          .types = numbers<std::int32_t>(batch, "types"),
          .labels = numbers<float>(batch, "labels"),
          .texts = numbers<std::int32_t>(batch, "texts"),
          .weights = numbers<float>(batch, "weights")};
}

Json to_json(const std::vector<float>& values) {
  Json::Array items;
  items.reserve(values.size());
  for (const float value : values) items.push_back({static_cast<double>(value)});
  return {std::move(items)};
}

}  // namespace tagformer::driver
