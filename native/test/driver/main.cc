// The engine as a program, for machines without Node: device_driver JOB RESULT reads a model and actions from
// a JSON file and writes what came of each to another. scripts/device-check makes the jobs.
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

#include "driver/job.h"
#include "driver/json_text.h"
#include "driver/memory_use.h"
#include "runtime/error.h"
#include "runtime/memory.h"

namespace tagformer::driver {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Json failure(const std::string& code, const std::string& message) {
  return {Json::Object{{"error", {code}}, {"message", {message}}}};
}

/// The result of `body`, or what it threw.
Json guarded(const std::function<Json()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    return failure(error.code(), error.what());
  } catch (const c10::Error& error) {
    return failure(is_out_of_memory(error) ? "OUT_OF_MEMORY" : "INTERNAL", error.what_without_backtrace());
  } catch (const std::exception& error) {
    return failure(is_out_of_memory(error) ? "OUT_OF_MEMORY" : "INTERNAL", error.what());
  }
}

class Driver {
 public:
  explicit Driver(const Fields& job) : engine_(to_spec(job)), device_(engine_.loaded().device()) {
    for (const Json& batch : job.array("batches")) batches_.push_back(to_batch(Fields(batch)));
  }

  Json run(const Fields& action) {
    const auto start = std::chrono::steady_clock::now();
    Json result = guarded([&] { return perform(action); });
    auto& fields = std::get<Json::Object>(result.value);
    fields["seconds"] = {seconds_since(start)};
    fields["memory"] = {static_cast<double>(memory_in_use(device_))};
    return result;
  }

  [[nodiscard]] std::string device() const { return device_.str(); }
  /// Names, with blanks between them.
  [[nodiscard]] std::string experiments() const {
    std::string names;
    for (const std::string& name : engine_.loaded().experiments()) names += (names.empty() ? "" : " ") + name;
    return names;
  }

 private:
  Json perform(const Fields& action) {
    const std::string what = action.text("what");
    if (what == "predict") return predict(action);
    if (what == "gradients") return gradients(action);
    if (what == "train") return train(action);
    if (what == "save") return save(action);
    if (what == "leave free") return leave(action);
    throw std::runtime_error("no action is called " + what);
  }

  [[nodiscard]] const HostBatch& batch(const Fields& action, std::size_t index) const {
    const auto first = static_cast<std::size_t>(action.integer_or("first", 0));
    return batches_.at((first + index) % batches_.size());
  }

  /// Logits of the last of `times` batches, one after the other.
  Json predict(const Fields& action) {
    std::vector<float> logits;
    const auto times = static_cast<std::size_t>(action.integer_or("times", 1));
    for (std::size_t i = 0; i < times; ++i) logits = engine_.predict(batch(action, i));
    return {Json::Object{{"logits", to_json(logits)}}};
  }

  Json gradients(const Fields& action) {
    const Json still{Json::Object{{"learningRate", {0.0}}}};
    if (training_ == nullptr) start(to_training(Fields(still)));
    const double loss = training_->compute_gradients(batch(action, 0));
    Json::Object tensors;
    for (const std::string& name : engine_.parameter_names())
      tensors[name] = to_json(training_->gradient(name));
    return {Json::Object{{"loss", {loss}}, {"gradients", {std::move(tensors)}}}};
  }

  void start(const TrainingOptions& options) {
    training_.reset();
    training_ = std::make_unique<TrainingRun>(engine_.loaded(), options);
  }

  /// Some steps, one batch each.
  Json train(const Fields& action) {
    if (action.has("training")) start(to_training(Fields(action.json("training"))));
    Json::Array losses;
    Json::Array norms;
    Json::Array times;
    std::int64_t parts = 0;
    const auto steps = static_cast<std::size_t>(action.integer("steps"));
    for (std::size_t i = 0; i < steps; ++i) {
      const auto start = std::chrono::steady_clock::now();
      const StepResult step = training_->step({batch(action, i)});
      times.push_back({seconds_since(start)});
      losses.push_back({step.update.loss});
      norms.push_back({step.update.gradient_norm});
      parts += step.parts;
    }
    return {Json::Object{{"losses", {losses}},
                         {"gradientNorms", {norms}},
                         {"stepSeconds", {times}},
                         {"parts", {static_cast<double>(parts)}}}};
  }

  Json save(const Fields& action) {
    engine_.save(action.text("file"));
    return {Json::Object{}};
  }

  Json leave(const Fields& action) {
    taken_ = leave_free(device_, action.integer("bytes"));
    return {Json::Object{}};
  }

  Engine engine_;
  std::unique_ptr<TrainingRun> training_;
  c10::Device device_;
  std::vector<HostBatch> batches_;
  at::Tensor taken_;
};

Json perform(const Json& json) {
  const Fields job(json);
  const std::int64_t threads = job.integer_or("threads", 0);
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
  const auto start = std::chrono::steady_clock::now();
  return guarded([&]() -> Json {
    Driver driver(job);
    Json::Object result{{"device", {driver.device()}}, {"loadSeconds", {seconds_since(start)}}};
    result["experiments"] = {driver.experiments()};
    Json::Array results;
    for (const Json& action : job.array("actions")) results.push_back(driver.run(Fields(action)));
    result["results"] = {std::move(results)};
    return {std::move(result)};
  });
}

int run(const char* job, const char* result) {
  std::ifstream in(job);
  std::stringstream text;
  text << in.rdbuf();
  std::ofstream out(result);
  out << to_text(perform(parse_json(text.str()))) << '\n';
  return in.good() && out.good() ? 0 : 1;
}

}  // namespace
}  // namespace tagformer::driver

int main(int count, char** words) {
  if (count != 3) {
    std::cerr << "expected: device_driver JOB RESULT\n";
    return 2;
  }
  try {
    return tagformer::driver::run(words[1], words[2]);
  } catch (const std::exception& error) {
    std::cerr << "device_driver: " << error.what() << '\n';
    return 1;
  }
}
