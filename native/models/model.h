// The interface of every architecture.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "layers/sequences.h"
#include "models/config.h"
#include "runtime/mode.h"
#include "weights/parameters.h"
#include "weights/safetensors.h"

namespace tagformer {

/// Several texts, ragged (see RaggedBatch in src/text/batch.ts) or dense.
struct Batch {
  /// `[tokens]`, int64; see Sequences.
  at::Tensor ids;
  /// `[tokens]`, int64; undefined when all are zero.
  at::Tensor types;
  Sequences sequences;
  /// Word embeddings in place of those of `ids`, `[tokens, width]`; undefined: they are looked up.
  at::Tensor words{};

  /// This ragged batch in the dense form, padded on the right with zeros.
  [[nodiscard]] Batch padded() const;
  /// This ragged batch in the packed form.
  [[nodiscard]] Batch packed() const;
};

/// A token's row of the table of word embeddings, or what the batch gives in its place. The rows of the token
/// `padding_id` get no gradient.
at::Tensor embed_words(const Parameter& table, const Batch& batch, std::int64_t padding_id = -1);

/// A model's table of word embeddings.
struct WordTable {
  /// Null where a model has none, or does not compute from `Batch::words` when it is given.
  Parameter* table = nullptr;
  /// The token whose row gets no gradient; -1: none.
  std::int64_t padding_id = -1;
};

/// What a model accepts; batches outside of it are refused before they reach the model.
struct Limits {
  std::int64_t max_length;
  std::int64_t vocabulary_size;
  /// Number of segment ids; 0 where the architecture has none.
  std::int64_t type_count;
};

enum class About { kScores, kTraining };

/// What a user should know of a model, in one sentence.
struct Note {
  About about;
  std::string sentence;
};

class Model {
 public:
  virtual ~Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// A ragged batch in the dense form that this model reads.
  [[nodiscard]] virtual Batch dense(const Batch& batch) const { return batch.padded(); }
  /// Moves everything that logits() computes with; batches are then expected there, in the dense form.
  virtual void to(c10::Device device) { parameters_.to(device); }

  /// Whether logits() takes batches in the packed form as well.
  [[nodiscard]] virtual bool takes_packed() const { return false; }

  /// `[rows, labels]` in fp32.
  [[nodiscard]] virtual at::Tensor logits(const Batch& batch, const Mode& mode) const = 0;

  [[nodiscard]] virtual Limits limits() const = 0;
  [[nodiscard]] virtual WordTable words() const { return {}; }
  /// Tensors beside the parameters that training may change, such as running statistics; always in the same
  /// order.
  [[nodiscard]] virtual std::vector<at::Tensor> buffers() const { return {}; }
  /// Standard deviation of freshly initialised weights.
  [[nodiscard]] virtual double initial_deviation() const = 0;

  /// Notes for the user.
  [[nodiscard]] virtual std::vector<Note> notes() const { return {}; }

  /// Writes the weights to `file`; the bytes need not be on disk when it returns. Throws IO.
  virtual void save(const std::string& file) const { save_parameters(parameters_, file); }

  /// transformers' class of this architecture's classifiers; empty where it is unknown.
  [[nodiscard]] const std::string& classifier_class() const { return classifier_class_; }
  /// What Hugging Face puts before the names of the pretrained network's tensors, such as "bert."; may be
  /// empty.
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  void set_names(std::string classifier_class, std::string prefix) {
    classifier_class_ = std::move(classifier_class);
    prefix_ = std::move(prefix);
  }

  [[nodiscard]] ParameterSet& parameters() { return parameters_; }
  [[nodiscard]] const ParameterSet& parameters() const { return parameters_; }

 protected:
  explicit Model(Precision precision) : parameters_(precision) {}

 private:
  ParameterSet parameters_;
  std::string classifier_class_;
  std::string prefix_;
};

/// Builds the architecture that `model_type` of config.json names, with weights not yet filled.
/// Throws INVALID_MODEL, listing what is supported, for an unknown architecture or field.
std::unique_ptr<Model> make_model(Json::Object config, std::int64_t labels, Precision precision);

}  // namespace tagformer
