#pragma once

#include "models/model.h"

namespace tagformer {

class TorchScriptModel : public Model {
 public:
  /// Scores that the module gives for each text.
  [[nodiscard]] virtual std::int64_t outputs() const = 0;

 protected:
  using Model::Model;
};

/// A model from `file`, a TorchScript module with forward(input_ids, attention_mask[, token_type_ids]), each
/// int64 `[rows, length]`, that returns logits `[rows, labels]`, or a tuple or dictionary that begins with
/// them. `config` may hold pad_token_id and padding_side ("right" or "left").
///
/// What surrounds the file (src/model/torchscript) has checked its bytes. Here every operator is checked
/// before any runs, dropout that tracing fixed is made to follow train and eval, all of it is brought to
/// `device`, and two short rows are tried there. bf16 is libtorch's autocast: what PyTorch users get from
/// torch.autocast. Throws INVALID_MODEL.
std::unique_ptr<TorchScriptModel> make_torchscript(const std::string& file, Json::Object config,
                                                   Precision precision, c10::Device device);

}  // namespace tagformer
