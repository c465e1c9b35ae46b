// Rows as ONNX's MatMulNBits has them: quants, scales and zero points in tensors of their own. Nothing is rounded: they
// are put together as rows of a kind that holds them (Q4_0, Q8_0 for scales of f16 without zero points; else the N kinds).
//
//   quants       [row][ceil(columns / block)][block * bits / 8]   4 bits: value 2i in the low nibble of byte i; unsigned
//   scales       [row][blocks]                                    f32 or f16
//   zero points  [row][ceil(blocks * bits / 8)]                   4 bits: two to a byte, the first in the low nibble
// value = (quant - zero point) * scale; without zero points it is 8 or 128.
// Source: onnxruntime docs/ContribOperators.md, MatMulNBits.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/layout.h"

namespace flash_slim {

struct BlockRows {
  int bits = 0;
  int64_t block_size = 0;  // a multiple of 32; each 32 values of a row become a block of the kind
  bool half_scales = false, has_zero_points = false;

  bool FitsKind(WeightKind kind, int64_t columns) const;
  // The rest holds where FitsKind does.
  int64_t BlocksOf(int64_t columns) const { return (columns + block_size - 1) / block_size; }
  size_t QuantRowBytes(int64_t columns) const { return size_t(BlocksOf(columns) * block_size * bits / 8); }
  size_t ScaleRowBytes(int64_t columns) const { return size_t(BlocksOf(columns)) * (half_scales ? 2 : 4); }
  size_t ZeroPointRowBytes(int64_t columns) const { return size_t(BlocksOf(columns) * bits + 7) / 8; }

  // Writes SourceRowBytes(kind, columns). zero_points is not read where there are none. False where a scale is no finite
  // number.
  bool Join(WeightKind kind, int64_t columns, const uint8_t* quants, const uint8_t* scales, const uint8_t* zero_points,
            uint8_t* out) const;
};

}  // namespace flash_slim
