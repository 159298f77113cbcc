// The named parameters of a model, under Hugging Face's names.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weights/packed_matrix.h"

namespace tagformer {

/// Number format of activations and matrix products.
enum class Precision {
  kFloat32,
  kBfloat16,
  /// For prediction: activations are bf16, and the products of linear layers are made of bytes.
  kInt8,
};

/// The precision that users name so: fp32, bf16 or int8.
std::optional<Precision> find_precision(std::string_view name);

/// How a parameter starts when no file holds it.
enum class Initial {
  kNormal,
  kZeros,
  kOnes,
  /// Sines and cosines of the row number (Vaswani et al. 2017), for a position table.
  kSinusoidal,
};

/// What a parameter is, which decides decay and number format.
enum class Role {
  /// Weight of a matrix product: decays; in bf16 the products read a rounded copy.
  kMatrix,
  /// Lookup table, or the classification head, whose rounding would show in the scores: decays; stays fp32,
  /// but for a table that is looked_up_only in int8, which predicts from bytes.
  kExact,
  /// Bias or LayerNorm: does not decay; stays fp32.
  kVector,
};

/// A tensor of the model under one or more names.
///
/// Tensors that are multiplied together are stored as one (such as query, key and value): each name owns a
/// range of rows. Update rules are elementwise, so training them as one tensor changes nothing.
struct Parameter {
  struct Part {
    std::string name;
    std::vector<std::int64_t> shape;
    /// First element of this part in the whole tensor.
    std::int64_t begin;
    std::int64_t count;
  };

  std::vector<Part> parts;
  Role role;
  Initial initial;
  /// Of fresh normal weights: their standard deviation, where it is not the model's, and the number of
  /// deviations beyond which none lies.
  std::optional<double> deviation;
  double cutoff = std::numeric_limits<double>::infinity();
  /// False for a weight that its module keeps as it is.
  bool trainable = true;
  /// True when it is read by products with a linear layer's input only, which a packed copy serves as well.
  bool multiplies_only = false;
  /// True for a table in which token ids are looked up and nothing else: by far the largest one.
  bool looked_up_only = false;
  /// True for the classification head: it may be absent from the files, and is then initialised.
  bool head;
  /// The weights in fp32, `[rows of all parts, ...]`; undefined where only the bf16 copy is kept, which is
  /// all that prediction needs: see ParameterSet::master_of().
  at::Tensor master;
  /// What the forward pass reads and the backward pass fills `grad()` of: `master`, or its bf16 copy.
  at::Tensor value;
  /// Gradient of the current step, summed over its micro-batches; undefined between steps.
  at::Tensor gradient;
  /// Factor of the learning rate; 0: frozen, without a gradient.
  double rate = 1.0;
  /// What products read instead of `value`, which then has no memory; see prepack().
  PackedMatrix packed;
  /// Of a table whose `value` are bytes: what each row is multiplied by, `[rows, 1]`; see prepack().
  at::Tensor scales;
  /// AdamW's running means of the gradient and of its square; undefined until training starts.
  at::Tensor mean, square;

  [[nodiscard]] bool has_copy() const { return !value.is_same(master); }
};

class ParameterSet {
 public:
  explicit ParameterSet(Precision precision) : precision_(precision) {}

  /// Declares one tensor.
  Parameter& add(std::string name, std::vector<std::int64_t> shape, Role role, Initial initial,
                 bool head = false);
  /// Takes a contiguous fp32 tensor of someone else's as a parameter: both see every update. Whether it is
  /// trained is its own `requires_grad`.
  Parameter& adopt(std::string name, at::Tensor tensor, Role role);
  /// Declares tensors of equal trailing shape that are stored one below the other.
  Parameter& add_stacked(std::vector<std::string> names, std::vector<std::int64_t> shape, Role role,
                         Initial initial);

  /// Moves what the forward pass reads and AdamW writes; gradients and running means stay where they are.
  void to(c10::Device device);

  [[nodiscard]] const std::vector<std::unique_ptr<Parameter>>& all() const { return parameters_; }
  [[nodiscard]] Precision precision() const { return precision_; }
  /// Number format of hidden states.
  [[nodiscard]] at::ScalarType activations() const {
    return precision_ == Precision::kFloat32 ? at::kFloat : at::kBFloat16;
  }
  [[nodiscard]] std::int64_t element_count() const;
  /// The parameter that holds `name`, with the part, or nulls.
  [[nodiscard]] std::pair<Parameter*, const Parameter::Part*> find(std::string_view name) const;

  /// The weights in fp32 of a parameter of this set: its master, or where none is kept what `reread` fills.
  [[nodiscard]] at::Tensor master_of(const Parameter& parameter) const;
  /// Has a master kept of every parameter from now on, as training needs.
  void keep_masters();
  /// How to fill the fp32 weights of a parameter again.
  void set_reread(std::function<void(const Parameter&, float*)> reread) { reread_ = std::move(reread); }

  /// Adds what the last backward pass left to the gradients. `more_follow` says that other micro-batches will
  /// be added: sums are then kept in fp32, because bf16 would lose small contributions.
  void collect_gradients(bool more_follow);
  void clear_gradients();
  /// Forgets what a backward pass left that was not collected, as when it failed on its way.
  void drop_fresh_gradients();

 private:
  Precision precision_;
  std::vector<std::unique_ptr<Parameter>> parameters_;
  std::function<void(const Parameter&, float*)> reread_;
};

}  // namespace tagformer
