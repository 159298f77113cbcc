#include "layers/flash_attention.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/arange.h>
#include <torch/version.h>

#include <optional>
#include <tuple>

#include "layers/aten_path.h"
#include "runtime/error.h"

namespace tagformer {
namespace {

/// Query, key or value by heads, `[rows, heads, head_dim]`.
struct Heads {
  at::Tensor q, k, v;
};

/// `boundaries` are the queries' rows, `[texts + 1]`, int32, of which none is longer than `longest`.
at::Tensor attend(const Heads& heads, const at::Tensor& boundaries, std::int64_t longest,
                  const PackedPositions& keys, const AttentionOptions& options) {
  const bool everywhere = options.window >= cpu::kEverywhere;
  const std::optional<std::int64_t> window = everywhere ? std::nullopt : std::optional(options.window);
  std::optional<SeededGenerator> generator;
  if (options.dropout.active()) generator.emplace(heads.q.device(), options.dropout);
  // The first thirteen arguments are the same in the declarations of 2.11, 2.13 and 2.15; 2.13 appended
  // block_table and num_splits, which may be left out.
  const auto results = at::_flash_attention_forward(
      heads.q, heads.k, heads.v, boundaries, keys.offsets, longest, keys.longest, rate(options.dropout),
      /*is_causal=*/false, /*return_debug_mask=*/false, options.scale, window, window);
  return std::get<0>(results).flatten(1);
}

at::Tensor by_head(const at::Tensor& x, const AttentionOptions& options) {
  return x.unflatten(-1, {options.heads, options.head_dim});
}

}  // namespace

bool has_flash_attention(c10::DeviceType device) {
  if (TORCH_VERSION_MAJOR != 2 || TORCH_VERSION_MINOR < 11 || TORCH_VERSION_MINOR > 15) return false;
  const auto found = c10::Dispatcher::singleton().findSchema({"aten::_flash_attention_forward", ""});
  const c10::DispatchKey key = device == c10::kCPU ? c10::DispatchKey::CPU : c10::DispatchKey::CUDA;
  return found.has_value() && found->hasKernelForDispatchKey(key);
}

bool fits_flash_attention(std::int64_t head_dim) { return head_dim % 8 == 0 && head_dim <= 256; }

at::Tensor flash_attention(const at::Tensor& qkv, const Sequences& sequences,
                           const AttentionOptions& options) {
  const PackedPositions& packed = sequences.packed_positions();
  const std::vector<at::Tensor> parts = qkv.chunk(3, -1);
  const auto turned = [&](const at::Tensor& x) {
    return options.rotary.rotate_rows(by_head(x, options), packed.positions);
  };
  return attend({turned(parts[0]), turned(parts[1]), by_head(parts[2], options)}, packed.offsets,
                packed.longest, packed, options);
}

at::Tensor flash_attention_of_one(const at::Tensor& q, const at::Tensor& kv, const Sequences& sequences,
                                  const AttentionOptions& options) {
  if (options.window < cpu::kEverywhere) {
    // Queries and keys of unequal number are aligned at their ends.
    throw Error("INTERNAL", "flash attention was asked for a window around a lone query");
  }
  const PackedPositions& packed = sequences.packed_positions();
  const std::vector<at::Tensor> parts = kv.chunk(2, -1);
  const at::Tensor boundaries = at::arange(packed.offsets.size(0), packed.offsets.options());
  // A first token is at position 0, which rotary positions leave as it is.
  const at::Tensor keys = options.rotary.rotate_rows(by_head(parts[0], options), packed.positions);
  return attend({by_head(q, options), keys, by_head(parts[1], options)}, boundaries, /*longest=*/1, packed,
                options);
}

}  // namespace tagformer
