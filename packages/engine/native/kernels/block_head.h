// What a block holds ahead of its quants, in lanes: scale and minimum of each 32 values.
#pragma once
#include <cstdint>
#include <cstring>

#include "kernels/lanes.h"
#include "kernels/layout.h"

namespace flash_slim {
namespace {

// The 6-bit scales and minima of Q4_K's and Q5_K's sub-blocks, unpacked to bytes.
struct SubScales {
  uint64_t scale[8], minimum[8];  // [sub-block], a byte for each row

  // scale_bytes: byte b of the 8 rows is the 64-bit word b, so that one row's bit fiddling serves all eight.
  void Unpack(const uint8_t* scale_bytes) {
    constexpr uint64_t kEach = 0x0101010101010101;
    uint64_t bytes[12];
    std::memcpy(bytes, scale_bytes, sizeof(bytes));
    for (int s = 0; s < 4; ++s) {
      scale[s] = bytes[s] & 63 * kEach;
      minimum[s] = bytes[s + 4] & 63 * kEach;
      scale[s + 4] = (bytes[s + 8] & 15 * kEach) | (bytes[s] >> 2 & 48 * kEach);
      minimum[s + 4] = (bytes[s + 8] >> 4 & 15 * kEach) | (bytes[s + 4] >> 2 & 48 * kEach);
    }
  }
};

template <WeightKind kKind>
class BlockHead {
  static_assert(ShapeOf(kKind).scale_bytes == 0);

 public:
  explicit BlockHead(const uint8_t* block) : block_(block) {}
  Float8 Scale(int) const { return ShapeOf(kKind).floats ? Load(block_) : LoadHalf(block_); }
  // 0 in kinds without one.
  Float8 Minimum(int) const { return HasMinimum(kKind) ? LoadHalf(block_ + 16) : Broadcast(0); }

 private:
  const uint8_t* block_;
};

// Both products are exact: 11 bits times 6.
class SixBitHead {
 public:
  explicit SixBitHead(const uint8_t* block) : scale_(LoadHalf(block)), minimum_(Broadcast(-1) * LoadHalf(block + 16)) {
    sub_.Unpack(block + 32);
  }
  Float8 Scale(int s) const { return scale_ * ToFloat(LoadUnsignedBytes(&sub_.scale[s])); }
  Float8 Minimum(int s) const { return minimum_ * ToFloat(LoadUnsignedBytes(&sub_.minimum[s])); }

 private:
  Float8 scale_, minimum_;
  SubScales sub_;
};
template <>
class BlockHead<WeightKind::kQ4_K> : public SixBitHead {
  using SixBitHead::SixBitHead;
};
template <>
class BlockHead<WeightKind::kQ5_K> : public SixBitHead {
  using SixBitHead::SixBitHead;
};

class ZeroPointHead {
 public:
  explicit ZeroPointHead(const uint8_t* block) : block_(block) {}
  Float8 Scale(int) const { return Load(block_); }
  Float8 Minimum(int) const { return Broadcast(-1) * Load(block_) * ToFloat(ZeroPoint()); }
  Int8 ZeroPoint() const { return LoadSignedBytes(block_ + 32); }

 private:
  const uint8_t* block_;
};
template <>
class BlockHead<WeightKind::kQ4_NZ> : public ZeroPointHead {
  using ZeroPointHead::ZeroPointHead;
};
template <>
class BlockHead<WeightKind::kQ8_NZ> : public ZeroPointHead {
  using ZeroPointHead::ZeroPointHead;
};

template <>
class BlockHead<WeightKind::kQ6_K> {
 public:
  explicit BlockHead(const uint8_t* block) : scale_(LoadHalf(block)), sub_(block + 16) {}
  Float8 Scale(int) const { return scale_; }
  Float8 Minimum(int) const { return Broadcast(0); }
  // What the scale is multiplied by for the first or second 16 of 32 values.
  Int8 HalfScale(int s, int half) const { return LoadSignedBytes(sub_ + 16 * s + 8 * half); }

 private:
  Float8 scale_;
  const uint8_t* sub_;
};

}  // namespace
}  // namespace flash_slim
