// What the two NEON tables share: the tile of the int8 product, around a Dot of their own. A step of 8 rows is two
// registers of 4 rows.
#pragma once
#include <arm_neon.h>

#include "kernels/lanes.h"
#include "kernels/matmul_int8.h"

namespace flash_slim {
namespace {

// One block's quants, signed: q[step][rows 0..3, rows 4..7].
using NeonQuants = int8x16_t[8][2];

template <WeightKind kKind>
inline void LoadQuants(const uint8_t* quants, NeonQuants& q) {
  constexpr int kBits = ShapeOf(kKind).bits;
  const int8x16_t zero_point = vdupq_n_s8(ShapeOf(kKind).zero_point);
  for (int half = 0; half < 2; ++half) {
    const uint8_t* p = quants + 16 * half;
    if constexpr (kBits == 8) {
      for (int i = 0; i < 8; ++i) q[i][half] = vreinterpretq_s8_u8(vld1q_u8(p + 32 * i));
      continue;
    }
    uint8x16_t step[8];
    for (int i = 0; i < 4; ++i) {
      const uint8x16_t steps = vld1q_u8(p + 32 * i);
      step[2 * i] = vandq_u8(steps, vdupq_n_u8(15));
      step[2 * i + 1] = vshrq_n_u8(steps, 4);
    }
    if constexpr (kBits == 5) {
      // The bit of step i to the top, then down into its place. A negative shift count goes to the right.
      const uint8x16_t high = vld1q_u8(p + 128);
      for (int i = 0; i < 8; ++i) {
        step[i] = vorrq_u8(step[i], vandq_u8(vshlq_u8(high, vdupq_n_s8(4 - i)), vdupq_n_u8(16)));
      }
    } else if constexpr (kBits == 6) {
      for (int i = 0; i < 8; ++i) {
        const uint8x16_t high = vld1q_u8(p + 128 + i / 4 * 32);
        step[i] = vorrq_u8(step[i], vandq_u8(vshlq_u8(high, vdupq_n_s8(4 - i % 4 * 2)), vdupq_n_u8(48)));
      }
    }
    for (int i = 0; i < 8; ++i) q[i][half] = vsubq_s8(vreinterpretq_s8_u8(step[i]), zero_point);
  }
}

// Dot: template <WeightKind> static Int8 Dot(const NeonQuants& q, const int8_t* x), x the block's 32 activations, and
// Int8 DotHalf(const NeonQuants& q, const int8_t* x, int half) of the first or second 16 values, 6 bits each.
template <class Dots>
struct NeonTile {
  static constexpr int kTileTokens = 4;
  static constexpr int kTileRowBlocks = 1;
  static constexpr int ZeroPoint(WeightKind) { return 0; }  // taken out of the quants themselves

  template <WeightKind kKind, int kRowBlocks, int kTokens>
  static void MultiplyTile(const TileWeights& weights, const TileBlock<kTokens>* x, bool first, float* y, size_t ldy) {
    Float8 sum[kTokens];
    for (int t = 0; t < kTokens; ++t) sum[t] = first ? Broadcast(0) : Load(y + t * ldy);
    const uint8_t* w = weights.data;
    for (const auto* end = x + weights.blocks; x != end; w += BlockBytes(kKind)) {
      const BlockHead<kKind> head(w);
      const uint8_t* quants = w + HeadBytes(kKind);
      for (int s = 0; s < ShapeOf(kKind).values / kBlockValues; ++s, ++x, quants += QuantBytes(kKind)) {
        if constexpr (kTokens > kStreamTokens) PrefetchNext<kKind, kRowBlocks>(weights, w, s);
        NeonQuants q;
        LoadQuants<kKind>(quants, q);
        const Float8 scale = head.Scale(s), minimum = head.Minimum(s);
        for (int t = 0; t < kTokens; ++t) {
          Int8 dot;
          if constexpr (kKind == WeightKind::kQ6_K) {
            const Int8 a = Dots::DotHalf(q, x->q[t], 0), b = Dots::DotHalf(q, x->q[t], 1);
            const Int8 by_a = head.HalfScale(s, 0), by_b = head.HalfScale(s, 1);
            dot = {vmlaq_s32(vmulq_s32(a.low, by_a.low), b.low, by_b.low),
                   vmlaq_s32(vmulq_s32(a.high, by_a.high), b.high, by_b.high)};
          } else {
            dot = Dots::template Dot<kKind>(q, x->q[t]);
          }
          sum[t] = Fma(ToFloat(dot), scale * Broadcast(x->scale[t]), sum[t]);
          if constexpr (HasMinimum(kKind)) sum[t] = Fma(minimum, Broadcast(x->scaled_sum[t]), sum[t]);
        }
      }
    }
    for (int t = 0; t < kTokens; ++t) Store(y + t * ldy, sum[t]);
  }
};

}  // namespace
}  // namespace flash_slim
