#include "layers/weighted_sum.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>

#include "layers/aten_path.h"

namespace tagformer {
namespace {

/// Score of a key that is padding: its exponential is 0, and unlike infinity it gives no NaN in a text
/// without any token.
constexpr double kForbidden = -1e30;

}  // namespace

at::Tensor aten_weighted_sum(const at::Tensor& scores, const at::Tensor& values, const Sequences& sequences,
                             const AttentionOptions& options) {
  // The same keys for every head and query.
  const at::Tensor forbidden = sequences.mask().to(at::kBool).logical_not().unsqueeze(1).unsqueeze(1);
  const at::Tensor allowed = scores.to(at::kFloat).mul(options.scale).masked_fill(forbidden, kForbidden);
  const at::Tensor shares = aten_dropout(at::softmax(allowed, -1), options.dropout);
  return at::matmul(shares.to(values.scalar_type()), values).transpose(-3, -2).flatten(-2);
}

}  // namespace tagformer
