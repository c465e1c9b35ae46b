#include "cache/block_rows.h"

#include <cmath>
#include <cstring>

#include "kernels/half.h"

namespace flash_slim {
namespace {

constexpr int64_t kMostBlockValues = 1024;

// 32 values to a kind's quants, in its file form: 4 bits put value i beside value 16 + i; 8 bits become signed.
void PutQuants(int bits, const uint8_t* quants, uint8_t* out) {
  if (bits == 8) {
    for (int i = 0; i < 32; ++i) out[i] = quants[i] ^ 0x80;
    return;
  }
  const auto value = [quants](int i) { return quants[i / 2] >> (i % 2 * 4) & 15; };
  for (int i = 0; i < 16; ++i) out[i] = uint8_t(value(i) | value(16 + i) << 4);
}

int8_t ZeroPoint(int bits, const uint8_t* zero_points, int64_t block) {
  if (bits == 8) return int8_t(zero_points[block] ^ 0x80);
  return int8_t(zero_points[block / 2] >> (block % 2 * 4) & 15);
}

}  // namespace

bool BlockRows::FitsKind(WeightKind kind, int64_t columns) const {
  if ((bits != 4 && bits != 8) || block_size < kBlockValues || block_size > kMostBlockValues) return false;
  if (block_size % kBlockValues != 0 || columns % kBlockValues != 0) return false;
  switch (kind) {
    case WeightKind::kQ4_0:
    case WeightKind::kQ8_0:
      return half_scales && !has_zero_points && bits == ShapeOf(kind).bits;
    case WeightKind::kQ4_N:
    case WeightKind::kQ8_N:
    case WeightKind::kQ4_NZ:
    case WeightKind::kQ8_NZ:
      return has_zero_points == HasZeroPoints(kind) && bits == ShapeOf(kind).bits;
    default:
      return false;
  }
}

bool BlockRows::Join(WeightKind kind, int64_t columns, const uint8_t* quants, const uint8_t* scales,
                     const uint8_t* zero_points, uint8_t* out) const {
  for (int64_t first = 0; first < columns; first += kBlockValues) {
    const int64_t block = first / block_size;
    if (ShapeOf(kind).halves) {
      uint16_t half;
      std::memcpy(&half, scales + 2 * block, 2);
      if (!std::isfinite(HalfToFloat(half))) return false;
      std::memcpy(out, &half, 2);
      out += 2;
    } else {
      float scale;
      if (half_scales) {
        uint16_t half;
        std::memcpy(&half, scales + 2 * block, 2);
        scale = HalfToFloat(half);
      } else {
        std::memcpy(&scale, scales + 4 * block, 4);
      }
      if (!std::isfinite(scale)) return false;
      std::memcpy(out, &scale, 4);
      out += 4;
    }
    if (has_zero_points) *out++ = uint8_t(ZeroPoint(bits, zero_points, block));
    PutQuants(bits, quants + first * bits / 8, out);
    out += kBlockValues * bits / 8;
  }
  return true;
}

}  // namespace flash_slim
