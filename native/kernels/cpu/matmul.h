#pragma once

#include "kernels/cpu/vector.h"

namespace tagformer::cpu::TAGFORMER_ISA {

/// A tile of results: 24 accumulators of the 32 registers of AVX-512, 12 of 16 elsewhere.
constexpr int kTileRows = 6;
constexpr int kTileVectors = kBytes == 64 ? 4 : 2;
constexpr std::int64_t kPanelColumns = kTileVectors * kLanes;
constexpr MatrixTiling kTiling = {kTileRows, kPanelColumns};

template <typename T>
void multiply(const MatrixProduct<T>&, std::int64_t begin, std::int64_t end);
template <typename T>
void pack_rows(const T* x, std::int64_t stride, std::int64_t rows, std::int64_t depth, std::uint32_t* panel);
template <typename T>
void pack_columns(const T* x, std::int64_t stride, std::int64_t depth, std::int64_t columns,
                  std::uint32_t* panel);
template <typename T>
void pack_left(const T* x, std::int64_t stride, std::int64_t depth, std::int64_t columns,
               std::uint32_t* tile);
template <typename T>
void multiply_bytes(const ByteProduct<T>&, std::int64_t begin, std::int64_t end);
template <typename T>
void quantise_rows(const T* x, std::int64_t rows, std::int64_t width, std::uint8_t* y, std::int64_t y_stride,
                   float* scales);
void quantise_panel(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t depth,
                    std::uint32_t* panel, float* scales, std::int32_t* corrections);

}  // namespace tagformer::cpu::TAGFORMER_ISA
