#include "torchscript/pass.h"

#include <ATen/ops/dropout_ops.h>
#include <ATen/ops/embedding_ops.h>
#include <ATen/ops/zeros_like.h>
#include <torch/library.h>

#include <memory>
#include <utility>

#include "layers/norm.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace tagformer {
namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operators find it no other way
thread_local ScriptPass* current_pass = nullptr;

at::Tensor dropout_of_pass(c10::DispatchKeySet keys, const at::Tensor& x, double rate, bool train) {
  check_stop();
  if (current_pass == nullptr) return at::_ops::dropout::redispatch(after_meeting(keys), x, rate, train);
  return train && rate > 0.0 ? current_pass->drop(x, rate) : x;
}

at::Tensor& dropout_in_place(c10::DispatchKeySet keys, at::Tensor& x, double rate, bool train) {
  check_stop();
  if (current_pass == nullptr) return at::_ops::dropout_::redispatch(after_meeting(keys), x, rate, train);
  return train && rate > 0.0 ? x.copy_(current_pass->drop(x, rate)) : x;
}

at::Tensor embedding(c10::DispatchKeySet keys, const at::Tensor& table, const at::Tensor& indices,
                     c10::SymInt padding, bool scale, bool sparse) {
  check_stop();
  if (current_pass != nullptr) current_pass->meet_embedding(table, indices);
  return at::_ops::embedding::redispatch(after_meeting(keys), table, indices, std::move(padding), scale,
                                         sparse);
}

bool register_operations() {
  if (!meets_operations()) return false;
  auto* const library =
      std::make_unique<torch::Library>(torch::Library::IMPL, "aten", kMeetingKey, __FILE__, __LINE__)
          .release();
  library->impl("dropout", dropout_of_pass);
  library->impl("dropout_", dropout_in_place);
  library->impl("embedding", embedding);
  return true;
}

/// When the add-on is loaded, before any thread computes.
const bool kRegistered = register_operations();

}  // namespace

ScriptPass::ScriptPass(const Mode& mode, OnEmbedding on_embedding)
    : mode_(mode), on_embedding_(std::move(on_embedding)), outer_(std::exchange(current_pass, this)) {
  if (kRegistered) return;
  current_pass = outer_;
  throw Error("INVALID_MODEL",
              "TorchScript modules run in one copy of tagformer a process, the first that is loaded; this is "
              "another: install one version for all packages");
}

ScriptPass::~ScriptPass() { current_pass = outer_; }

at::Tensor ScriptPass::drop(const at::Tensor& x, double rate) {
  if (!mode_.training) {
    throw Error(
        "INVALID_MODEL",
        "the TorchScript module has dropout that stays on outside of training, so that its scores are "
        "random: save it again from Python after module.eval()");
  }
  const std::uint32_t place = places_++;
  if (rate >= 1.0) return at::zeros_like(x);
  const at::Tensor rows = x.reshape({-1, x.dim() == 0 ? 1 : x.size(-1)});
  return dropout(rows, mode_.dropout(rate, place)).view_as(x);
}

void ScriptPass::meet_embedding(const at::Tensor& table, const at::Tensor& indices) const {
  if (on_embedding_) on_embedding_(table, indices);
}

}  // namespace tagformer
