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

/// Where a parameter stands in its network: below all layers, in one of them, counted from 1, or above all.
constexpr std::int64_t kBelowLayers = 0;
constexpr std::int64_t kAboveLayers = std::numeric_limits<std::int64_t>::max();

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

    /// This part of a tensor as large as the whole parameter, in fp32 on the CPU.
    [[nodiscard]] std::vector<float> copy_of(const at::Tensor& whole) const;
  };

  std::vector<Part> parts;
  /// Its place in ParameterSet::all().
  std::size_t index;
  Role role;
  Initial initial;
  /// Of fresh normal weights: their standard deviation, where it is not the model's, and the number of
  /// deviations beyond which none may be.
  std::optional<double> deviation;
  double cutoff = std::numeric_limits<double>::infinity();
  /// False for a weight that its module keeps as it is.
  bool trainable = true;
  /// True when it is read by products with a linear layer's input only, which a packed copy serves as well.
  bool multiplies_only = false;
  /// True for a vector that meets nothing but hidden states: in bf16 a device reads a rounded copy of it, and
  /// saves a cast for each time that it is read.
  bool rounded_on_device = false;
  /// True for a table in which token ids are looked up and nothing else: by far the largest one.
  bool looked_up_only = false;
  /// kBelowLayers, the number of a layer, or kAboveLayers.
  std::int64_t depth;
  /// True for the classification head: it may be absent from the files, and is then initialised.
  bool head;
  /// True for the layer of the head whose rows are the labels.
  bool scores = false;
  /// The weights in fp32, `[rows of all parts, ...]`; undefined where only the bf16 copy is kept, which is
  /// all that prediction needs: see ParameterSet::master_of().
  at::Tensor master;
  /// What the forward pass reads and the backward pass fills `grad()` of: `master`, or its bf16 copy.
  at::Tensor value;
  /// What products read instead of `value`, which then has no memory; see prepack().
  PackedMatrix packed;
  /// Of a table whose `value` are bytes: what each row is multiplied by, `[rows, 1]`; see prepack().
  at::Tensor scales;

  [[nodiscard]] bool has_copy() const { return !value.is_same(master); }
};

/// All elements of a tensor, in fp32 on the CPU.
std::vector<float> to_floats(const at::Tensor& tensor);

class ParameterSet {
 public:
  explicit ParameterSet(Precision precision) : precision_(precision) {}

  /// Says at which depth the parameters stand that are declared next; at first it is kBelowLayers.
  void declare_at(std::int64_t depth) { depth_ = depth; }
  /// Declares one tensor.
  Parameter& add(std::string name, std::vector<std::int64_t> shape, Role role, Initial initial,
                 bool head = false);
  /// Makes a contiguous fp32 tensor of another owner a parameter: both see every update. Whether it is
  /// trained is its own `requires_grad`.
  Parameter& adopt(std::string name, at::Tensor tensor, Role role);
  /// Declares tensors of equal trailing shape that are stored one below the other.
  Parameter& add_stacked(std::vector<std::string> names, std::vector<std::int64_t> shape, Role role,
                         Initial initial);

  /// Moves what the forward pass reads and AdamW writes, and rounds there what is rounded_on_device.
  void to(c10::Device device);

  [[nodiscard]] const std::vector<std::unique_ptr<Parameter>>& all() const { return parameters_; }
  [[nodiscard]] Precision precision() const { return precision_; }
  /// Number format of hidden states.
  [[nodiscard]] at::ScalarType activations() const {
    return precision_ == Precision::kFloat32 ? at::kFloat : at::kBFloat16;
  }
  [[nodiscard]] std::int64_t element_count() const;
  /// Number of layers.
  [[nodiscard]] std::int64_t layers() const;
  /// The parameter that holds `name`, with the part, or nulls.
  [[nodiscard]] std::pair<Parameter*, const Parameter::Part*> find(std::string_view name) const;
  /// The same; throws INVALID_OPTION where there is none.
  [[nodiscard]] std::pair<Parameter*, const Parameter::Part*> named(const std::string& name) const;

  /// The weights in fp32 of a parameter of this set: its master, or where none is kept what `reread` fills.
  [[nodiscard]] at::Tensor master_of(const Parameter& parameter) const;
  /// Has a master kept of every parameter from now on, as training needs.
  void keep_masters();
  /// How to fill the fp32 weights of a parameter again.
  void set_reread(std::function<void(const Parameter&, float*)> reread) { reread_ = std::move(reread); }

 private:
  Precision precision_;
  std::int64_t depth_ = kBelowLayers;
  std::vector<std::unique_ptr<Parameter>> parameters_;
  std::function<void(const Parameter&, float*)> reread_;
};

}  // namespace tagformer
