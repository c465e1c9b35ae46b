// The lanes on NEON of the baseline ARMv8: two registers of four.
#pragma once
#include <arm_neon.h>

#include <cstdint>

namespace flash_slim {
namespace {

struct Float8 {
  float32x4_t low, high;
};
struct Int8 {
  int32x4_t low, high;
};
// Tokens that one tile of the float product keeps in registers: 4 sums of 2 registers each, of 32.
constexpr int kFloatTileTokens = 3;
// Query heads that share a KV block's registers: 4 sums each.
constexpr int kAttendHeads = 2;

inline Float8 Broadcast(float value) { return {vdupq_n_f32(value), vdupq_n_f32(value)}; }
inline Int8 BroadcastInt(int32_t value) { return {vdupq_n_s32(value), vdupq_n_s32(value)}; }
inline Float8 Load(const void* p) {
  const auto* values = static_cast<const float*>(p);
  return {vld1q_f32(values), vld1q_f32(values + 4)};
}
inline Int8 LoadInt(const void* p) {
  const auto* values = static_cast<const int32_t*>(p);
  return {vld1q_s32(values), vld1q_s32(values + 4)};
}
inline void Store(float* p, Float8 a) { vst1q_f32(p, a.low), vst1q_f32(p + 4, a.high); }
inline void StoreInt(int32_t* p, Int8 a) { vst1q_s32(p, a.low), vst1q_s32(p + 4, a.high); }
inline Float8 LoadHalf(const void* p) {
  const float16x8_t halves = vreinterpretq_f16_u16(vld1q_u16(static_cast<const uint16_t*>(p)));
  return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_f32_f16(vget_high_f16(halves))};
}
inline Float8 LoadBfloat16(const void* p) {
  const uint16x8_t high = vld1q_u16(static_cast<const uint16_t*>(p));
  return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(high), 16)),
          vreinterpretq_f32_u32(vshll_n_u16(vget_high_u16(high), 16))};
}
// 8 bytes, one to a lane.
inline Int8 LoadUnsignedBytes(const void* p) {
  const uint16x8_t words = vmovl_u8(vld1_u8(static_cast<const uint8_t*>(p)));
  return {vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(words))),
          vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(words)))};
}
inline Int8 LoadSignedBytes(const void* p) {
  const int16x8_t words = vmovl_s8(vld1_s8(static_cast<const int8_t*>(p)));
  return {vmovl_s16(vget_low_s16(words)), vmovl_s16(vget_high_s16(words))};
}
inline void StoreHalf(uint16_t* p, Float8 a) {
  vst1q_u16(p, vreinterpretq_u16_f16(vcombine_f16(vcvt_f16_f32(a.low), vcvt_f16_f32(a.high))));
}
// Lanes within int8's range.
inline void StoreInt8(int8_t* p, Int8 a) { vst1_s8(p, vmovn_s16(vcombine_s16(vmovn_s32(a.low), vmovn_s32(a.high)))); }

inline Float8 operator+(Float8 a, Float8 b) { return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)}; }
inline Float8 operator-(Float8 a, Float8 b) { return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)}; }
inline Float8 operator*(Float8 a, Float8 b) { return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)}; }
inline Float8 operator/(Float8 a, Float8 b) { return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)}; }
// a * b + c, rounded once
inline Float8 Fma(Float8 a, Float8 b, Float8 c) {
  return {vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
}
inline Float8 Max(Float8 a, Float8 b) { return {vmaxq_f32(a.low, b.low), vmaxq_f32(a.high, b.high)}; }
inline Float8 Min(Float8 a, Float8 b) { return {vminq_f32(a.low, b.low), vminq_f32(a.high, b.high)}; }
inline Float8 Abs(Float8 a) { return {vabsq_f32(a.low), vabsq_f32(a.high)}; }

inline Int8 operator+(Int8 a, Int8 b) { return {vaddq_s32(a.low, b.low), vaddq_s32(a.high, b.high)}; }
inline Int8 operator-(Int8 a, Int8 b) { return {vsubq_s32(a.low, b.low), vsubq_s32(a.high, b.high)}; }
inline Int8 operator&(Int8 a, Int8 b) { return {vandq_s32(a.low, b.low), vandq_s32(a.high, b.high)}; }
template <int kBits>
inline Int8 ShiftLeft(Int8 a) {
  return {vshlq_n_s32(a.low, kBits), vshlq_n_s32(a.high, kBits)};
}
// Keeps the sign. NEON has no shift to the right by 0.
template <int kBits>
inline Int8 ShiftRight(Int8 a) {
  if constexpr (kBits == 0) {
    return a;
  } else {
    return {vshrq_n_s32(a.low, kBits), vshrq_n_s32(a.high, kBits)};
  }
}
inline Float8 ToFloat(Int8 a) { return {vcvtq_f32_s32(a.low), vcvtq_f32_s32(a.high)}; }
// To nearest even.
inline Int8 RoundToInt(Float8 a) { return {vcvtnq_s32_f32(a.low), vcvtnq_s32_f32(a.high)}; }
inline Int8 AsInt(Float8 a) { return {vreinterpretq_s32_f32(a.low), vreinterpretq_s32_f32(a.high)}; }
inline Float8 AsFloat(Int8 a) { return {vreinterpretq_f32_s32(a.low), vreinterpretq_f32_s32(a.high)}; }

}  // namespace
}  // namespace flash_slim
