#include "training/exchange.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

namespace tagformer {
namespace {

/// What each rank tells before the gradients, as numbers in fp64: loss, whether to stop, rows of the word
/// table with a gradient, and for each parameter whether it has one.
enum Told { kLoss, kStop, kRows, kPresent };

}  // namespace

StepSums Exchange::sum(Gradients& gradients, double loss, bool stop) {
  const std::vector<bool> own = gradients.present();
  const auto parameters = static_cast<std::int64_t>(own.size());
  at::Tensor telling = at::zeros({kPresent + parameters}, at::kDouble);
  auto* const tell = telling.data_ptr<double>();
  tell[kLoss] = loss;
  tell[kStop] = stop ? 1.0 : 0.0;
  if (gradients.rows()) tell[kRows] = static_cast<double>(gradients.rows()->rows().size());
  std::copy(own.begin(), own.end(), tell + kPresent);

  const at::Tensor told = group_->gather(telling);
  const auto of = [&](std::int64_t rank, std::int64_t what) { return told[rank][what].item<double>(); };
  StepSums sums{.loss = of(0, kLoss), .stop = of(0, kStop) > 0.0};
  // In the order of the ranks, as one process adds its micro-batches.
  for (std::int64_t rank = 1; rank < group_->size(); ++rank) {
    sums.loss += of(rank, kLoss);
    sums.stop = sums.stop || of(rank, kStop) > 0.0;
  }
  // Frozen parameters have none anywhere; a rank without rows has none at all.
  const at::Tensor anywhere = told.narrow(1, kPresent, parameters).sum(0);
  std::vector<bool> wanted;
  for (std::int64_t i = 0; i < parameters; ++i) wanted.push_back(anywhere[i].item<double>() > 0.0);
  group_->sum(gradients.complete(wanted), ordered_);
  if (gradients.rows()) sum_rows(*gradients.rows(), told.select(1, kRows));
  return sums;
}

/// A batch names few rows of the table, so that these travel alone: their numbers, then their gradients.
void Exchange::sum_rows(RowGradients& rows, const at::Tensor& counts) {
  const auto most = static_cast<std::int64_t>(counts.max().item<double>());
  if (most == 0) return;
  const auto own = static_cast<std::int64_t>(rows.rows().size());
  at::Tensor ids = at::zeros({most}, at::kLong);
  std::ranges::copy(rows.rows(), ids.data_ptr<std::int64_t>());
  const at::Tensor gradients = rows.gradients();
  const std::int64_t width = gradients.size(1);
  at::Tensor padded = at::zeros({most, width}, at::kFloat);
  padded.narrow(0, 0, own).copy_(gradients);
  const at::Tensor all_ids = group_->gather(ids);
  const at::Tensor all = group_->gather(padded.view({-1}));
  rows.clear();
  for (std::int64_t rank = 0; rank < group_->size(); ++rank) {
    const auto count = static_cast<std::int64_t>(counts[rank].item<double>());
    rows.add(all_ids[rank].narrow(0, 0, count), all[rank].view({most, width}).narrow(0, 0, count));
  }
}

void Exchange::share_buffers(const Model& model) {
  const std::vector<at::Tensor> buffers = model.buffers();
  if (!buffers.empty()) group_->broadcast(buffers);
}

}  // namespace tagformer
