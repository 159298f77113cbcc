// The interface of the CPU kernels: pointers and sizes, nothing of libtorch.
//
// Every kernel is compiled once for each instruction set (see CMakeLists.txt) and chosen when the library is
// loaded. All of them are serial: the layers above split the work over threads.
#pragma once

#include <cstdint>

namespace tagformer::cpu {

/// A bfloat16 number: the upper half of a float.
struct bf16 {
  std::uint16_t bits;
};

/// Which elements dropout keeps, recomputed wherever it is needed instead of being stored.
///
/// A counter-based generator (Threefry-4x32, Salmon et al., SC11) maps key and element position to 16 random
/// bits; an element is dropped when they are below `threshold`. The key holds seed, step and the place in the
/// network.
struct Dropout {
  std::uint32_t key[4] = {0, 0, 0, 0};
  /// Dropped share in 1/65536; 0 keeps everything.
  std::uint32_t threshold = 0;
  /// 1 / (share that is kept).
  float scale = 1.0F;

  [[nodiscard]] bool active() const { return threshold != 0; }
};

/// An AttentionPlace::window that every key is in.
constexpr std::int64_t kEverywhere = 1LL << 40;

/// Cosines and sines of the angles by which rotary positions turn queries and keys (Su et al. 2021): rows of
/// head_dim / 2, one a position. Element j and element j + head_dim / 2 of a row are turned together. Null:
/// no rotation.
struct RotaryTable {
  const float* cosines = nullptr;
  const float* sines = nullptr;
};

/// The place of one head of one sequence, and how it attends; rows of q, k, v and out are `head_dim` long and
/// `*_stride` apart.
struct AttentionPlace {
  std::int64_t q_stride, kv_stride, out_stride;
  std::int64_t queries, keys, head_dim;
  float scale;
  Dropout dropout;
  /// Position of the first query in the batch, and the head: they distinguish the dropout of every row.
  std::uint32_t first_row, head;
  /// Largest distance of a key that a query attends to. With a window or a rotation, the first query is the
  /// first token of the sequence.
  std::int64_t window = kEverywhere;
  RotaryTable rotary = {};
};

template <typename T>
struct AttentionForward : AttentionPlace {
  const T* q;
  const T* k;
  const T* v;
  T* out;
  /// Per query: log of the sum of exponentials, for the backward pass; may be null.
  float* log_sum_exp;
};

template <typename T>
struct AttentionBackward : AttentionPlace {
  const T* q;
  const T* k;
  const T* v;
  const T* grad_out;
  const float* log_sum_exp;
  T* grad_q;
  T* grad_k;
  T* grad_v;
};

/// The relative part of XLNet's scores (Yang et al. 2019): besides (q + content_bias) . k, each pair of
/// tokens adds (q + position_bias) . r[distance] and (q + segment_bias) . segments[whether their segments
/// differ].
template <typename T>
struct RelativePart {
  /// Encodings of the distances (query - key) keys - 1 down to -(keys - 1), `position_stride` apart.
  const T* positions;
  std::int64_t position_stride;
  /// `[head_dim]` each, and two rows of segments.
  const float* content_bias;
  const float* position_bias;
  const float* segment_bias;
  const float* segments[2];
  /// Segment ids of the sequence's tokens, `[keys]`; null when all are in one segment.
  const std::int64_t* types;
  /// Position in the sequence of the first query.
  std::int64_t first_query;
};

/// Sums over all sequences of a batch, added to, in fp32.
struct RelativeGradients {
  /// As RelativePart::positions, rows of head_dim without gaps.
  float* positions;
  float* content_bias;
  float* position_bias;
  float* segment_bias;
  float* segments[2];
};

/// The relative part of DeBERTa's scores (He et al. 2021): besides q . k, each pair of tokens adds
/// q . position_keys[bucket] and k . position_queries[bucket], with the bucket of their distance.
template <typename T>
struct DisentangledPart {
  /// Rows of head_dim, one a bucket, `position_stride` apart; null where the model has no such term.
  const T* position_keys;
  const T* position_queries;
  std::int64_t position_stride;
  /// Of the distances (query - key) keys - 1 down to -(keys - 1); each is the one before it or one more. The
  /// first query is the first token of the sequence.
  const std::int32_t* buckets;
};

/// Sums over all sequences of a batch, added to, in fp32: rows of head_dim without gaps, one a bucket.
struct DisentangledGradients {
  float* position_keys;
  float* position_queries;
};

/// Widest row that the norm kernels take.
constexpr std::int64_t kMaxNormWidth = 16384;

/// y = LayerNorm(residual + dropout(x + bias)) over rows of `width`; bias and residual may be null.
template <typename T>
struct NormForward {
  const T* x;
  const float* bias;
  const T* residual;
  const float* gamma;
  /// May be null.
  const float* beta;
  float epsilon;
  T* y;
  /// Saved for the backward pass: the normalised rows and 1 / standard deviation of each.
  T* normalised;
  float* reciprocal_deviation;
  std::int64_t width, first_row, rows;
  Dropout dropout;
};

template <typename T>
struct NormBackward {
  const T* grad_y;
  const T* normalised;
  const float* reciprocal_deviation;
  const float* gamma;
  T* grad_x;
  /// May be null when there is no residual.
  T* grad_residual;
  /// Sums over the rows, added to; grad_bias may be null.
  float* grad_gamma;
  float* grad_beta;
  float* grad_bias;
  std::int64_t width, first_row, rows;
  Dropout dropout;
};

/// Sizes of the pieces that operands of a matrix product are packed in.
struct MatrixTiling {
  /// Rows of a packed left operand in one piece.
  std::int64_t tile_rows;
  /// Columns of a packed right operand in one piece, a panel.
  std::int64_t panel_columns;
  /// Columns from which pack_left makes pieces fastest, a multiple of tile_rows.
  std::int64_t left_columns;
};

struct MatrixShape {
  std::int64_t rows, columns;
  /// Number of products in each sum.
  std::int64_t depth;
};

/// y = left x right + bias, `[rows, depth] x [depth, columns]`. Operands are read in units of 32 bits along
/// the depth, TypedKernels::per_unit numbers each, of which the last one is filled up with zeros.
template <typename T>
struct MatrixProduct {
  MatrixShape shape;
  /// Rows of units `left_stride` units apart, or packed. With one number in a unit these are floats, whatever
  /// T is.
  const void* left;
  std::int64_t left_stride;
  bool left_packed;
  /// `[panels][units][panel_columns]`
  const std::uint32_t* right;
  /// `[columns]`; may be null.
  const float* bias;
  T* y;
  std::int64_t y_stride;
};

/// y = left x right + bias of bytes, for prediction: both operands are whole numbers times scales, one for
/// each row on the left and for each column on the right.
template <typename T>
struct ByteProduct {
  MatrixShape shape;
  /// Numbers from 1 to 255, of which 128 stands for 0; rows `left_stride` apart, a multiple of four.
  const std::uint8_t* left;
  std::int64_t left_stride;
  const float* left_scales;
  /// `[panels][units][panel_columns]`
  const std::uint32_t* right;
  const float* column_scales;
  /// 128 times the sum of each column.
  const std::int32_t* corrections;
  /// `[columns]`; may be null.
  const float* bias;
  T* y;
  std::int64_t y_stride;
};

/// One AdamW update of `count` elements (Loshchilov & Hutter 2019), as torch.optim.AdamW computes it.
struct AdamWStep {
  float learning_rate;
  float beta1, beta2, epsilon;
  /// 1 - learning rate x weight decay.
  float decay;
  /// 1 - beta1^t and sqrt(1 - beta2^t).
  float bias_correction1, bias_correction2_sqrt;
  /// Factor on the gradient: clipping and averaging.
  float gradient_scale;
  /// Share of the way from the average of the weights to the weights that the average moves.
  float average_rate = 0.0F;
};

/// The kernels that exist for both number formats.
template <typename T>
struct TypedKernels {
  void (*attention_forward)(const AttentionForward<T>&, float* workspace);
  void (*attention_backward)(const AttentionBackward<T>&, float* workspace);
  void (*relative_attention_forward)(const AttentionForward<T>&, const RelativePart<T>&, float* workspace);
  void (*relative_attention_backward)(const AttentionBackward<T>&, const RelativePart<T>&,
                                      const RelativeGradients&, float* workspace);
  void (*disentangled_attention_forward)(const AttentionForward<T>&, const DisentangledPart<T>&,
                                         float* workspace);
  void (*disentangled_attention_backward)(const AttentionBackward<T>&, const DisentangledPart<T>&,
                                          const DisentangledGradients&, float* workspace);
  void (*norm_forward)(const NormForward<T>&);
  void (*norm_backward)(const NormBackward<T>&);
  /// Numbers in a unit of an operand: 2 for bf16 where the processor multiplies pairs of them, else 1.
  std::int64_t per_unit;
  /// Tiles `begin` up to `end` of a product, of which there are (rows / tile_rows) x (columns /
  /// panel_columns), each rounded up. The split changes no number.
  void (*multiply)(const MatrixProduct<T>&, std::int64_t begin, std::int64_t end);
  /// One panel of the right operand from up to panel_columns rows of its transpose, such as a weight `[out,
  /// in]`.
  void (*pack_rows)(const T* x, std::int64_t stride, std::int64_t rows, std::int64_t depth,
                    std::uint32_t* panel);
  /// One panel of the right operand from up to panel_columns of its columns.
  void (*pack_columns)(const T* x, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                       std::uint32_t* panel);
  /// Pieces of the left operand, `[units][tile_rows]` each, from columns of its transpose.
  void (*pack_left)(const T* x, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                    std::uint32_t* pieces);
  void (*multiply_bytes)(const ByteProduct<T>&, std::int64_t begin, std::int64_t end);
  /// Rows of `x` as bytes for the left side of a ByteProduct, each with the finest scale that holds it.
  void (*quantise_rows)(const T* x, std::int64_t rows, std::int64_t width, std::uint8_t* y,
                        std::int64_t y_stride, float* scales);
  /// One panel of the right side of a ByteProduct, with its scales and corrections, from up to panel_columns
  /// rows of its transpose.
  void (*quantise_panel)(const T* x, std::int64_t stride, std::int64_t rows, std::int64_t depth,
                         std::uint32_t* panel, float* scales, std::int32_t* corrections);
  /// y = gelu(x + bias), the exact (erf) form, over rows of `width`.
  void (*gelu_forward)(const T* x, const float* bias, T* y, std::int64_t rows, std::int64_t width);
  /// grad_bias is added to.
  void (*gelu_backward)(const T* grad_y, const T* x, const float* bias, T* grad_x, float* grad_bias,
                        std::int64_t rows, std::int64_t width);
  /// The same for the tanh form.
  void (*tanh_gelu_forward)(const T* x, const float* bias, T* y, std::int64_t rows, std::int64_t width);
  void (*tanh_gelu_backward)(const T* grad_y, const T* x, const float* bias, T* grad_x, float* grad_bias,
                             std::int64_t rows, std::int64_t width);
  /// y = dropout(x); `first_row` and `width` give each element its position.
  void (*dropout)(const T* x, T* y, std::int64_t first_row, std::int64_t rows, std::int64_t width,
                  const Dropout&);
  double (*sum_of_squares)(const T* x, std::int64_t count);
  /// `average`, when not null, moves towards the updated parameter; `shadow`, when not null, receives it
  /// rounded to bf16.
  void (*adamw)(const AdamWStep&, float* parameter, const T* gradient, float* mean, float* square,
                float* average, bf16* shadow, std::int64_t count);
};

struct Kernels {
  const char* name;
  TypedKernels<float> f32;
  TypedKernels<bf16> b16;
  MatrixTiling tiling;
  void (*round_to_bf16)(const float* x, bf16* y, std::int64_t count);
};

/// Floats of workspace that the attention kernels need for sequences of up to `keys`.
std::int64_t attention_workspace(std::int64_t keys, std::int64_t head_dim);

std::int64_t relative_attention_workspace(std::int64_t keys, std::int64_t head_dim);

std::int64_t disentangled_attention_workspace(std::int64_t keys, std::int64_t head_dim);

/// The kernels in use: the best that this processor runs, or what `TAGFORMER_ISA` (portable, avx2, avx512,
/// avx512_bf16) names.
const Kernels& kernels();

template <typename T>
const TypedKernels<T>& typed_kernels();

}  // namespace tagformer::cpu
