#include "layers/convolution.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>

#include <vector>

#include "layers/linear.h"

namespace tagformer {
namespace {

/// Rows of the tokens around each token, `[total * taps]`; the row `total` where the text has none.
at::Tensor neighbours(const std::vector<std::int32_t>& offsets, std::int64_t taps) {
  at::Tensor rows = at::empty({offsets.back() * taps}, at::kLong);
  auto* row = rows.data_ptr<std::int64_t>();
  for (std::size_t text = 0; text + 1 < offsets.size(); ++text) {
    for (std::int64_t token = offsets[text]; token < offsets[text + 1]; ++token) {
      for (std::int64_t at = token - taps / 2; at <= token + taps / 2; ++at) {
        *row++ = at >= offsets[text] && at < offsets[text + 1] ? at : offsets.back();
      }
    }
  }
  return rows;
}

/// One matrix product for each group, of the tokens around each token side by side.
at::Tensor ragged_convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              std::int64_t groups, const std::vector<std::int32_t>& offsets) {
  const std::int64_t taps = weight.size(2);
  const at::Tensor padded = at::cat({x, x.new_zeros({1, x.size(1)})});
  const at::Tensor around = at::index_select(padded, 0, neighbours(offsets, taps))
                                .view({x.size(0), taps, groups, x.size(1) / groups});
  const std::vector<at::Tensor> weights = weight.chunk(groups);
  std::vector<at::Tensor> results;
  for (std::int64_t group = 0; group < groups; ++group) {
    const at::Tensor matrix = weights[static_cast<std::size_t>(group)].transpose(1, 2).flatten(1);
    results.push_back(product(around.select(2, group).flatten(1), matrix));
  }
  return at::cat(results, 1).add(bias.to(x.scalar_type()));
}

}  // namespace

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       std::int64_t groups, const Sequences& sequences) {
  if (!sequences.is_dense()) return ragged_convolution(x, weight, bias, groups, *sequences.offsets());
  const at::Tensor tokens = x.mul(sequences.mask().unsqueeze(-1).to(x.scalar_type()));
  return at::conv1d(tokens.transpose(1, 2), weight, bias.to(x.scalar_type()), /*stride=*/1,
                    /*padding=*/weight.size(2) / 2, /*dilation=*/1, groups)
      .transpose(1, 2);
}

}  // namespace tagformer
