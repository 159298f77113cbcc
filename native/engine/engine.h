// The model in memory: it predicts, explains, is saved and exported.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/batch_data.h"
#include "engine/loaded_model.h"
#include "models/attribution.h"
#include "models/torchscript_export.h"
#include "runtime/scratch.h"

namespace tagformer {

/// All calls are made from one thread, whose stop flag ends a running one with Stopped (runtime/stop.h).
class Engine {
 public:
  explicit Engine(ModelSpec spec) : loaded_(std::move(spec)) {}

  /// For a training, which changes its weights.
  [[nodiscard]] LoadedModel& loaded() { return loaded_; }
  [[nodiscard]] const LoadedModel& loaded() const { return loaded_; }

  /// Logits `[rows * labels]`; in halves, and halves of those, where memory is short.
  [[nodiscard]] std::vector<float> predict(const HostBatch& batch) const;

  /// What each token of one text adds to a logit. `baseline` holds a token id for each of the text's: what to
  /// compare with, where a token says nothing.
  [[nodiscard]] Attribution attribute(const HostBatch& text, const std::vector<std::int32_t>& baseline,
                                      const AttributionOptions& options) const;

  void save(const std::string& file) const;
  /// As tagformer::export_torchscript.
  [[nodiscard]] ExportCheck export_torchscript(const std::string& file,
                                               const std::map<std::string, std::string>& extra_files);

  /// A copy of one named tensor, in fp32.
  [[nodiscard]] std::vector<float> parameter(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> parameter_names() const;

 private:
  LoadedModel loaded_;
  /// Memory that predictions reuse.
  mutable Scratch scratch_;
};

}  // namespace tagformer
