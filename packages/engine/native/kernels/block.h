// One value of a packed block at a time, in plain C++: what the layout means. The layout's own functions and the
// reference table read blocks with it; vector kernels must come to the same.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>

#include "kernels/half.h"
#include "kernels/layout.h"

namespace flash_slim {
namespace {

inline float HalfAt(const uint8_t* p) {
  uint16_t half;
  std::memcpy(&half, p, 2);
  return HalfToFloat(half);
}
inline float FloatAt(const uint8_t* p) {
  float value;
  std::memcpy(&value, p, 4);
  return value;
}
inline float Bfloat16At(const uint8_t* p) {
  uint16_t high;
  std::memcpy(&high, p, 2);
  return std::bit_cast<float>(uint32_t(high) << 16);
}

// Of a block's sub-block s, 32 values, where the scale bytes are those of Q4_K and Q5_K: 6 bits each, in the model
// file's arrangement. scale_bytes: byte b of row r at 8 * b + r.
inline int SubScaleAt(const uint8_t* scale_bytes, int row, int s) {
  const auto byte = [&](int b) { return int(scale_bytes[8 * b + row]); };
  return s < 4 ? byte(s) & 63 : (byte(s + 4) & 15) | byte(s - 4) >> 6 << 4;
}
inline int SubMinimumAt(const uint8_t* scale_bytes, int row, int s) {
  const auto byte = [&](int b) { return int(scale_bytes[8 * b + row]); };
  return s < 4 ? byte(s + 4) & 63 : byte(s + 4) >> 4 | byte(s) >> 6 << 4;
}
// Q6_K: of 16 values.
inline int HalfScaleAt(const uint8_t* scale_bytes, int row, int sixteenth) {
  return int8_t(scale_bytes[8 * sixteenth + row]);
}

// The scale of 32 values, and the minimum that is added. Both exact: 11 bits times 6. Q6_K: the block's scale, which
// each 16 values' HalfScaleAt multiplies further.
inline float ScaleAt(WeightKind kind, const uint8_t* block, int row, int s) {
  if (ShapeOf(kind).floats) return FloatAt(block + 4 * row);
  const float scale = HalfAt(block + 2 * row);
  return ShapeOf(kind).scale_bytes == 12 ? scale * float(SubScaleAt(block + 32, row, s)) : scale;
}
inline float MinimumAt(WeightKind kind, const uint8_t* block, int row, int s) {
  if (!HasMinimum(kind)) return 0;
  if (HasZeroPoints(kind)) return -FloatAt(block + 4 * row) * float(int8_t(block[32 + row]));
  const float minimum = HalfAt(block + 16 + 2 * row);
  return ShapeOf(kind).scale_bytes == 12 ? -minimum * float(SubMinimumAt(block + 32, row, s)) : minimum;
}

// What stands for value k of 32, as a signed number. quants: of these 32 values.
inline int QuantAt(WeightKind kind, const uint8_t* quants, int row, int k) {
  const KindShape shape = ShapeOf(kind);
  const int step = k / 4, byte = row * 4 + k % 4;
  if (shape.bits == 8) return int8_t(quants[32 * step + byte]);
  int quant = quants[step / 2 * 32 + byte] >> (step % 2 * 4) & 15;
  if (shape.bits == 5) quant |= (quants[128 + byte] >> step & 1) << 4;
  if (shape.bits == 6) quant |= (quants[128 + step / 4 * 32 + byte] >> (step % 4 * 2) & 3) << 4;
  return quant - shape.zero_point;
}

}  // namespace
}  // namespace flash_slim
