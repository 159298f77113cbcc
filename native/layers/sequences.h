// Which tokens of a batch belong to which text.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace tagformer {

/// Row boundaries of the texts of a ragged batch, `[texts + 1]`, the first 0.
using Offsets = std::shared_ptr<const std::vector<std::int32_t>>;

/// What a device is told of the positions of a ragged batch's texts, so that it need not ask the host.
struct PackedPositions {
  /// Row boundaries, `[texts + 1]`, int32.
  at::Tensor offsets;
  /// Index of each token in its text, `[total]`, int64.
  at::Tensor positions;
  /// Index of each token's text, `[total]`, int64.
  at::Tensor texts;
  /// Length of the longest text, or more.
  std::int64_t longest;
};

/// Which tokens belong to which text, in one of three forms; `tokens` below is `total` or `texts, length`.
///
/// Ragged: all tokens one after the other, so that hidden states are `[total, width]` and nothing is padded.
/// This is what our CPU kernels compute. Dense: texts padded to one length, so that hidden states are
/// `[texts, length, width]`, with a mask. This is what libtorch's own operations compute: on other devices,
/// and where a TorchScript tracer records them. A trace keeps no size of the batch, so nothing here asks a
/// dense tensor for one. Packed: ragged, but on a device, where flash kernels take the boundaries of texts.
/// Only models that say so (Model::takes_packed) are given it.
///
/// A model asks here for everything about positions in a text, and so is written once for all forms.
class Sequences {
 public:
  static Sequences ragged(Offsets offsets);
  /// `mask` is `[texts, length]`, int64: 1 at tokens, 0 at padding, which may stand on either side.
  static Sequences dense(at::Tensor mask);
  static Sequences packed(PackedPositions packed);

  [[nodiscard]] bool is_dense() const { return mask_.defined(); }
  [[nodiscard]] bool is_packed() const { return packed_positions_.offsets.defined(); }
  /// Of the packed form only.
  [[nodiscard]] const PackedPositions& packed_positions() const { return packed_positions_; }
  /// Of the ragged form only.
  [[nodiscard]] const Offsets& offsets() const;
  /// Of the dense form only.
  [[nodiscard]] const at::Tensor& mask() const;

  /// Sum of `values` `[tokens]`, int64, up to and with each token of a text: `[tokens]`.
  [[nodiscard]] at::Tensor running_sum(const at::Tensor& values) const;
  /// Index of each token in its text, int64: `[total]`, or `[1, length]`, the same for all texts.
  [[nodiscard]] at::Tensor positions() const;
  /// `[longest]`, int64: 0 to longest - 1, where longest is the length of the longest text.
  [[nodiscard]] at::Tensor indices() const;
  /// `[2 * longest - 1]`, int64: the distances longest - 1 down to -(longest - 1) between two tokens of a
  /// text, where longest is the length of the longest text.
  [[nodiscard]] at::Tensor distances() const;

  /// `[tokens, width] -> [texts, width]`: the first token of each text.
  [[nodiscard]] at::Tensor first_tokens(const at::Tensor& x) const;
  /// The same for the last token that is no padding.
  [[nodiscard]] at::Tensor last_tokens(const at::Tensor& x) const;
  /// `[tokens, width] -> [texts, width]`: the mean over the tokens of each text.
  [[nodiscard]] at::Tensor means(const at::Tensor& x) const;
  /// Dense form only: the index of that token in its row, `[texts]`, int64.
  [[nodiscard]] at::Tensor last_positions() const;

 private:
  [[nodiscard]] std::int64_t longest() const;

  Offsets offsets_;
  at::Tensor mask_;
  PackedPositions packed_positions_{};
};

}  // namespace tagformer
