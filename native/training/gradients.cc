#include "training/gradients.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <utility>

#include "layers/dispatch.h"
#include "training/chunks.h"

namespace tagformer {
namespace {

double sum_of_squares(const at::Tensor& tensor) {
  std::vector<double> sums(static_cast<std::size_t>((tensor.numel() + kChunk - 1) / kChunk));
  for_type(tensor, [&]<typename T> {
    for_chunks(tensor.numel(), [&](std::int64_t chunk, std::int64_t first, std::int64_t count) {
      sums[static_cast<std::size_t>(chunk)] =
          cpu::typed_kernels<T>().sum_of_squares(elements<const T>(tensor) + first, count);
    });
  });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

at::TensorOptions fp32_of(const at::Tensor& tensor) { return tensor.options().dtype(at::kFloat); }

}  // namespace

Gradients::Gradients(const ParameterSet& parameters, const WordTable& by_rows, bool kernels)
    : parameters_(parameters), table_(by_rows.table), kernels_(kernels), sums_(parameters.all().size()) {
  if (table_ == nullptr) return;
  rows_.emplace(table_->value.size(0), table_->value.size(1), by_rows.padding_id);
  fresh_rows_ = rows_;
}

void Gradients::add_from_autograd(bool more_follow) {
  if (!kernels_) return add_together();
  for (const auto& parameter : parameters_.all()) {
    const at::Tensor fresh = std::exchange(parameter->value.mutable_grad(), at::Tensor());
    if (!fresh.defined()) continue;
    at::Tensor& sum = sums_[parameter->index];
    if (sum.defined()) {
      sum.add_(fresh);
    } else {
      sum = (more_follow ? fresh.to(at::kFloat) : fresh).contiguous();
    }
  }
}

/// On a device each operation over single tensors would cost a launch; sums are always in fp32, which AdamW
/// takes. All memory is there before the first sum changes.
void Gradients::add_together() {
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor*> sums;
  std::vector<at::Tensor> fresh;
  std::vector<at::Tensor> rounded;
  std::vector<at::Tensor> widened;
  for (const auto& parameter : parameters_.all()) {
    const at::Tensor gradient = parameter->value.grad();
    if (!gradient.defined()) continue;
    sums.push_back(&sums_[parameter->index]);
    if (gradient.scalar_type() == at::kFloat) {
      fresh.push_back(gradient.contiguous());
      continue;
    }
    fresh.push_back(at::empty(gradient.sizes(), gradient.options().dtype(at::kFloat)));
    rounded.push_back(gradient.contiguous());
    widened.push_back(fresh.back());
  }
  if (!rounded.empty()) at::_foreach_copy_(widened, rounded);
  std::vector<at::Tensor> old;
  std::vector<at::Tensor> added;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (!sums[i]->defined()) {
      *sums[i] = fresh[i];
      continue;
    }
    old.push_back(*sums[i]);
    added.push_back(fresh[i]);
  }
  if (!old.empty()) at::_foreach_add_(old, added);
  discard_fresh();
}

void Gradients::add_rows(const at::Tensor& ids, const at::Tensor& leaf) {
  if (!leaf.grad().defined()) return;
  const at::Tensor gradient = leaf.grad().contiguous();
  RowGradients& sums = rows_.value();
  if (sums.rows().empty()) return sums.add(ids, gradient);
  RowGradients& fresh = fresh_rows_.value();
  fresh.clear();
  fresh.add(ids, gradient);
  sums.add(fresh);
}

std::vector<bool> Gradients::present() const {
  std::vector<bool> present;
  present.reserve(sums_.size());
  for (const at::Tensor& sum : sums_) present.push_back(sum.defined());
  return present;
}

std::vector<at::Tensor> Gradients::complete(const std::vector<bool>& wanted) {
  std::vector<at::Tensor> complete;
  for (const auto& parameter : parameters_.all()) {
    if (!wanted[parameter->index]) continue;
    at::Tensor& sum = sums_[parameter->index];
    sum = sum.defined() ? sum.to(at::kFloat) : at::zeros(parameter->value.sizes(), fp32_of(parameter->value));
    complete.push_back(sum);
  }
  return complete;
}

void Gradients::discard_fresh() {
  for (const auto& parameter : parameters_.all()) parameter->value.mutable_grad() = at::Tensor();
}

void Gradients::clear() {
  discard_fresh();
  for (at::Tensor& sum : sums_) sum = at::Tensor();
  if (rows_) rows_->clear();
  if (fresh_rows_) fresh_rows_->clear();
}

at::Tensor Gradients::norm() const { return kernels_ ? norm_by_kernels() : norm_by_aten(); }

at::Tensor Gradients::norm_by_kernels() const {
  double total = 0.0;
  for (const auto& parameter : parameters_.all()) {
    if (rows_ && parameter.get() == table_) total += rows_->sum_of_squares(kChunk);
    if (of(*parameter).defined()) total += sum_of_squares(of(*parameter));
  }
  return at::full({}, std::sqrt(total), at::kDouble);
}

at::Tensor Gradients::norm_by_aten() const {
  std::vector<at::Tensor> defined;
  for (const at::Tensor& sum : sums_) {
    if (sum.defined()) defined.push_back(sum);
  }
  if (defined.empty()) return at::zeros({}, fp32_of(parameters_.all().front()->value));
  return at::stack(at::_foreach_norm(defined)).norm();
}

}  // namespace tagformer
