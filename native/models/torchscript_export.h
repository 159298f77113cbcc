// Any native model as a TorchScript module.
#pragma once

#include <map>
#include <string>

#include "models/model.h"

namespace tagformer {

/// What an export was checked with.
struct ExportCheck {
  std::int64_t texts;
  std::int64_t shortest, longest;
  /// Largest difference between the logits of the file and those of the model.
  double difference;
};

/// Writes `model`, which must compute in fp32, to `file` as a TorchScript module with
/// `forward(input_ids, attention_mask=None, token_type_ids=None) -> logits`; the last argument only where the
/// architecture has segments. Its parameters have Hugging Face's names, any batch size and length will do,
/// and dropout is off. The tracer records the dense form of the model, so there is no second definition of
/// it. `extra_files` are stored inside, by name.
///
/// The file is then loaded, and must agree with the ragged form on texts of many lengths. Throws INTERNAL
/// when it does not, and IO; the caller writes beside the final name and renames.
ExportCheck export_torchscript(const Model& model, const std::string& file,
                               const std::map<std::string, std::string>& extra_files);

}  // namespace tagformer
