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
  for (int half = 0; half < 2; ++half) {
    const uint8_t* p = quants + 16 * half;
    if constexpr (kKind == WeightKind::kQ8_0) {
      for (int i = 0; i < 8; ++i) q[i][half] = vreinterpretq_s8_u8(vld1q_u8(p + 32 * i));
    } else {
      const int8x16_t zero_point = vdupq_n_s8(kKind == WeightKind::kQ4_0 ? 8 : 0);
      for (int i = 0; i < 4; ++i) {
        const uint8x16_t steps = vld1q_u8(p + 32 * i);
        q[2 * i][half] = vsubq_s8(vreinterpretq_s8_u8(vandq_u8(steps, vdupq_n_u8(15))), zero_point);
        q[2 * i + 1][half] = vsubq_s8(vreinterpretq_s8_u8(vshrq_n_u8(steps, 4)), zero_point);
      }
    }
  }
}

// Dot: template <WeightKind> static Int8 Dot(const NeonQuants& q, const int8_t* x), x the block's 32 activations.
template <class Dots>
struct NeonTile {
  static constexpr int kTileTokens = 4;
  static constexpr int kTileRowBlocks = 1;
  static constexpr int ZeroPoint(WeightKind) { return 0; }  // taken out of the quants themselves

  template <WeightKind kKind, int kRowBlocks, int kTokens>
  static void MultiplyTile(const TileWeights& weights, const TileBlock<kTokens>* x, bool first, float* y, size_t ldy) {
    constexpr bool kHasMinimum = kKind == WeightKind::kQ4_1;
    Float8 sum[kTokens];
    for (int t = 0; t < kTokens; ++t) sum[t] = first ? Broadcast(0) : Load(y + t * ldy);
    const uint8_t* w = weights.data;
    for (const auto* end = x + weights.blocks; x != end; ++x, w += BlockBytes(kKind)) {
      if constexpr (kTokens > kStreamTokens) PrefetchNext<kKind, kRowBlocks>(weights, w);
      NeonQuants q;
      LoadQuants<kKind>(w + (kHasMinimum ? 32 : 16), q);
      const Float8 scale = LoadHalf(w);
      for (int t = 0; t < kTokens; ++t) {
        const Int8 dot = Dots::template Dot<kKind>(q, x->q[t]);
        sum[t] = Fma(ToFloat(dot), scale * Broadcast(x->scale[t]), sum[t]);
        if constexpr (kHasMinimum) sum[t] = Fma(LoadHalf(w + 16), Broadcast(x->scaled_sum[t]), sum[t]);
      }
    }
    for (int t = 0; t < kTokens; ++t) Store(y + t * ldy, sum[t]);
  }
};

}  // namespace
}  // namespace flash_slim
