#include "layers/matmul.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>

#include <array>
#include <memory>

#include "layers/dispatch.h"
#include "runtime/page_memory.h"
#include "runtime/scratch.h"

namespace tagformer {
namespace {

std::int64_t divided_up(std::int64_t n, std::int64_t by) { return (n + by - 1) / by; }

template <typename T>
std::int64_t units_of(std::int64_t depth) {
  return divided_up(depth, cpu::typed_kernels<T>().per_unit);
}

/// body(index) for indices up to `count`, in parallel. Ends early with Stopped.
template <typename Body>
void for_pieces(std::int64_t count, const Body& body) {
  share_out(count, 1,
            [&](const auto& each) { each([&](std::int64_t index, std::int64_t) { body(index); }); });
}

at::Tensor packed_memory(std::int64_t pieces, std::int64_t units, std::int64_t width,
                         Lifetime lifetime = Lifetime::kCall) {
  const std::array sizes{pieces, units, width};
  return lifetime == Lifetime::kModel ? zeros_in_pages(sizes, at::kInt) : at::empty(sizes, at::kInt);
}

/// body(begin, end) for tiles of a product, in parallel. Ends early with Stopped.
template <typename Body>
void for_tiles(const cpu::MatrixShape& shape, const Body& body) {
  const cpu::MatrixTiling tiling = cpu::kernels().tiling;
  const std::int64_t tiles =
      divided_up(shape.rows, tiling.tile_rows) * divided_up(shape.columns, tiling.panel_columns);
  // Some pieces a thread, so that none waits long for another, and well below a millisecond each.
  constexpr std::int64_t kPieces = 16;
  constexpr std::int64_t kMost = 16;
  const std::int64_t grain = std::clamp(tiles / (kPieces * at::get_num_threads()), std::int64_t{1}, kMost);
  share_out(tiles, grain, [&](const auto& each) { each(body); });
}

template <typename T>
void run(const cpu::MatrixProduct<T>& product) {
  for_tiles(product.shape, [&](std::int64_t begin, std::int64_t end) {
    cpu::typed_kernels<T>().multiply(product, begin, end);
  });
}

/// A matrix `[depth, columns]` of the format of `x`, panel by panel: pack(kernels, data of x, first column,
/// units to write).
template <typename Pack>
PackedMatrix pack_panels(const at::Tensor& x, std::int64_t depth, std::int64_t columns, Lifetime lifetime,
                         const Pack& pack) {
  const std::int64_t width = cpu::kernels().tiling.panel_columns;
  at::Tensor packed;
  for_type(x, [&]<typename T> {
    const std::int64_t units = units_of<T>(depth);
    packed = packed_memory(divided_up(columns, width), units, width, lifetime);
    const T* const from = elements<const T>(x);
    auto* const to = elements<std::uint32_t>(packed);
    for_pieces(packed.size(0), [&](std::int64_t panel) {
      const std::int64_t first = panel * width;
      pack(cpu::typed_kernels<T>(), from, first, to + first * units);
    });
  });
  return {packed, depth, columns, {}, {}};
}

/// The transpose of `weight`, whose rows are contiguous.
PackedMatrix pack_rows(const at::Tensor& weight, Lifetime lifetime) {
  const std::int64_t columns = weight.size(0);
  const std::int64_t depth = weight.size(1);
  const std::int64_t stride = weight.stride(0);
  return pack_panels(weight, depth, columns, lifetime,
                     [&](const auto& kernels, const auto* from, std::int64_t first, std::uint32_t* to) {
                       kernels.pack_rows(from + first * stride, stride, columns - first, depth, to);
                     });
}

/// `x` itself, whose rows are contiguous.
PackedMatrix pack_columns(const at::Tensor& x, Lifetime lifetime) {
  const std::int64_t depth = x.size(0);
  const std::int64_t columns = x.size(1);
  return pack_panels(x, depth, columns, lifetime,
                     [&](const auto& kernels, const auto* from, std::int64_t first, std::uint32_t* to) {
                       kernels.pack_columns(from + first, x.stride(0), depth, columns - first, to);
                     });
}

/// The row of the transpose with which a panel begins.
std::int64_t first_row(std::int64_t panel) { return panel * cpu::kernels().tiling.panel_columns; }

/// A matrix of bytes `[depth, columns]` to be kept by a model, for quantise_panel() to fill.
PackedMatrix bytes_memory(std::int64_t columns, std::int64_t depth) {
  const std::int64_t width = cpu::kernels().tiling.panel_columns;
  const std::int64_t panels = divided_up(columns, width);
  return {.units = packed_memory(panels, divided_up(depth, 4), width, Lifetime::kModel),
          .depth = depth,
          .columns = columns,
          .scales = at::empty({columns}, at::kFloat),
          .corrections = at::empty({columns}, at::kInt)};
}

/// Fills one panel from its rows of the transpose, which begin at `rows`.
template <typename T>
void quantise_panel(const T* rows, PackedMatrix& packed, std::int64_t panel) {
  const std::int64_t first = first_row(panel);
  const std::int64_t units = packed.units.size(1);
  cpu::typed_kernels<T>().quantise_panel(rows, packed.depth, packed.columns - first, packed.depth,
                                         elements<std::uint32_t>(packed.units) + first * units,
                                         elements<float>(packed.scales) + first,
                                         elements<std::int32_t>(packed.corrections) + first);
}

at::Tensor multiply_numbers(const at::Tensor& x, const PackedMatrix& right,
                            const std::optional<at::Tensor>& bias) {
  at::Tensor y = scratch({x.size(0), right.columns}, x.options());
  for_type(x, [&]<typename T> {
    const std::int64_t per_unit = cpu::typed_kernels<T>().per_unit;
    const std::int64_t missing = units_of<T>(right.depth) * per_unit - right.depth;
    at::Tensor left = missing == 0 ? x : at::constant_pad_nd(x, {0, missing});
    if (per_unit == 1) left = left.to(at::kFloat);
    run<T>({.shape = {x.size(0), right.columns, right.depth},
            .left = left.const_data_ptr(),
            .left_stride = left.stride(0) / per_unit,
            .left_packed = false,
            .right = elements<const std::uint32_t>(right.units),
            .bias = bias ? elements<const float>(*bias) : nullptr,
            .y = elements<T>(y),
            .y_stride = right.columns});
  });
  return y;
}

at::Tensor multiply_bytes(const at::Tensor& x, const PackedMatrix& right,
                          const std::optional<at::Tensor>& bias) {
  const std::int64_t rows = x.size(0);
  const std::int64_t stride = divided_up(right.depth, 4) * 4;
  const at::Tensor left = scratch({rows, stride}, at::kByte);
  const at::Tensor scales = at::empty({rows}, at::kFloat);
  at::Tensor y = scratch({rows, right.columns}, x.options());
  for_type(x, [&]<typename T> {
    for_rows(rows, [&](std::int64_t first, std::int64_t count) {
      cpu::typed_kernels<T>().quantise_rows(elements<const T>(x) + first * right.depth, count, right.depth,
                                            elements<std::uint8_t>(left) + first * stride, stride,
                                            elements<float>(scales) + first);
    });
    const cpu::ByteProduct<T> product{.shape = {rows, right.columns, right.depth},
                                      .left = elements<const std::uint8_t>(left),
                                      .left_stride = stride,
                                      .left_scales = elements<const float>(scales),
                                      .right = elements<const std::uint32_t>(right.units),
                                      .column_scales = elements<const float>(right.scales),
                                      .corrections = elements<const std::int32_t>(right.corrections),
                                      .bias = bias ? elements<const float>(*bias) : nullptr,
                                      .y = elements<T>(y),
                                      .y_stride = right.columns};
    for_tiles(product.shape, [&](std::int64_t begin, std::int64_t end) {
      cpu::typed_kernels<T>().multiply_bytes(product, begin, end);
    });
  });
  return y;
}

bool has_whole_rows(const at::Tensor& x) { return x.stride(1) == 1 || x.size(1) == 1; }
bool has_whole_columns(const at::Tensor& x) { return x.stride(0) == 1 || x.size(0) == 1; }

}  // namespace

PackedMatrix pack_transposed(const at::Tensor& weight, Lifetime lifetime) {
  if (has_whole_rows(weight)) return pack_rows(weight, lifetime);
  return has_whole_columns(weight) ? pack_columns(weight.t(), lifetime)
                                   : pack_rows(weight.contiguous(), lifetime);
}

PackedMatrix pack(const at::Tensor& x) {
  if (has_whole_rows(x)) return pack_columns(x, Lifetime::kCall);
  return has_whole_columns(x) ? pack_rows(x.t(), Lifetime::kCall)
                              : pack_columns(x.contiguous(), Lifetime::kCall);
}

PackedMatrix pack_bytes(const at::Tensor& weight) {
  PackedMatrix packed = bytes_memory(weight.size(0), weight.size(1));
  const at::Tensor from = weight.contiguous();
  for_type(from, [&]<typename T> {
    for_pieces(packed.units.size(0), [&](std::int64_t panel) {
      const T* const rows = elements<const T>(from) + first_row(panel) * packed.depth;
      quantise_panel(rows, packed, panel);
    });
  });
  return packed;
}

PackedMatrix pack_from(const RowSource& rows, const at::Tensor& weight, bool bytes) {
  const std::int64_t columns = weight.size(0);
  const std::int64_t depth = weight.size(1);
  const std::int64_t width = cpu::kernels().tiling.panel_columns;
  PackedMatrix packed;
  for_type(weight, [&]<typename T> {
    const std::int64_t panels = divided_up(columns, width);
    const std::int64_t units = units_of<T>(depth);
    packed =
        bytes ? bytes_memory(columns, depth)
              : PackedMatrix{packed_memory(panels, units, width, Lifetime::kModel), depth, columns, {}, {}};
    share_out(panels, 1, [&](const auto& each) {
      const auto read = std::make_unique_for_overwrite<T[]>(static_cast<std::size_t>(width * depth));
      each([&](std::int64_t panel, std::int64_t) {
        const std::int64_t first = first_row(panel);
        const std::int64_t count = std::min(width, columns - first);
        rows.read(first, count, read.get());
        if (bytes) {
          quantise_panel(read.get(), packed, panel);
        } else {
          auto* const to = elements<std::uint32_t>(packed.units) + first * units;
          cpu::typed_kernels<T>().pack_rows(read.get(), depth, count, depth, to);
        }
      });
    });
  });
  return packed;
}

at::Tensor unpacked(const PackedMatrix& packed, at::ScalarType format) {
  const bool widened = format == at::kBFloat16 && cpu::typed_kernels<cpu::bf16>().per_unit == 1;
  const at::Tensor rows = packed.units.transpose(1, 2).flatten(0, 1).slice(0, 0, packed.columns);
  const at::Tensor numbers = rows.contiguous().view(widened ? at::kFloat : format);
  return numbers.slice(1, 0, packed.depth).to(format).contiguous();
}

at::Tensor multiply(const at::Tensor& x, const PackedMatrix& right, const std::optional<at::Tensor>& bias) {
  return right.holds_bytes() ? multiply_bytes(x, right, bias) : multiply_numbers(x, right, bias);
}

at::Tensor multiply_part(const at::Tensor& x, const PackedMatrix& right, std::int64_t begin, std::int64_t end,
                         const std::optional<at::Tensor>& bias) {
  if (begin == 0 && end == right.columns) return multiply(x, right, bias);
  const std::int64_t width = cpu::kernels().tiling.panel_columns;
  // A part of a panel cannot be had alone: more than is asked for is computed.
  const std::int64_t first = begin / width * width;
  PackedMatrix part = right;
  part.units = right.units.slice(0, first / width, divided_up(end, width));
  part.columns = end - first;
  if (right.holds_bytes()) {
    part.scales = right.scales.slice(0, first, end);
    part.corrections = right.corrections.slice(0, first, end);
  }
  if (first == begin) return multiply(x, part, bias);
  const std::int64_t more = begin - first;
  const auto all = bias ? std::optional(at::constant_pad_nd(*bias, {more, 0})) : std::nullopt;
  return multiply(x, part, all).slice(1, more).contiguous();
}

at::Tensor multiply_transposed(const at::Tensor& x, const PackedMatrix& right) {
  const std::int64_t rows = x.size(1);
  const std::int64_t width = cpu::kernels().tiling.tile_rows;
  at::Tensor y = at::empty({rows, right.columns}, x.options());
  for_type(x, [&]<typename T> {
    const std::int64_t units = units_of<T>(right.depth);
    const at::Tensor packed = packed_memory(divided_up(rows, width), units, width);
    const T* const from = elements<const T>(x);
    auto* const to = elements<std::uint32_t>(packed);
    const std::int64_t at_once = cpu::kernels().tiling.left_columns;
    for_pieces(divided_up(rows, at_once), [&](std::int64_t part) {
      const std::int64_t first = part * at_once;
      cpu::typed_kernels<T>().pack_left(from + first, x.stride(0), right.depth,
                                        std::min(at_once, rows - first), to + first * units);
    });
    run<T>({.shape = {rows, right.columns, right.depth},
            .left = packed.const_data_ptr(),
            .left_stride = 0,
            .left_packed = true,
            .right = elements<const std::uint32_t>(right.units),
            .bias = nullptr,
            .y = elements<T>(y),
            .y_stride = right.columns});
  });
  return y;
}

}  // namespace tagformer
