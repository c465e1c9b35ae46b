// Products with float activations, once for every instruction set (lanes.h): F16 and F32 weights always, and every kind
// where the fidelity of the activations counts more than speed.
//
// A few blocks of a row block are expanded to float, [k][8 rows], and multiplied with all tokens before the next few:
// the expansion is paid once and stays in the innermost cache. Each row keeps four partial sums by k % 4, which also
// hides the latency of fma, and adds them as (0 + 1) + (2 + 3).
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/kernel_set.h"
#include "kernels/lanes.h"
#include "kernels/tiles.h"

namespace flash_slim {
namespace {

constexpr int kPartialSums = 4;
constexpr int kSlabTokens = 64;     // tokens whose partial sums lie on the stack at a time: 8 KB
constexpr int kExpandedBlocks = 8;  // 8 KB of floats

// 32-bit lanes of one quantized step: lane r has the 4 bytes of row r. Returns byte j's 8 bits, sign kept.
template <int kByte>
Int8 SignedByte(Int8 step) {
  return ShiftRight<24>(ShiftLeft<24 - 8 * kByte>(step));
}
template <int kShift>
Int8 Nibble(Int8 step) {
  return ShiftRight<kShift>(step) & BroadcastInt(15);
}

// One block of 8 rows x 32 values to out[32][8].
template <WeightKind kKind>
void ExpandBlock(const uint8_t* block, float* out) {
  if constexpr (kKind == WeightKind::kF16) {
    for (int k = 0; k < kBlockValues; ++k) Store(out + 8 * k, LoadHalf(block + 16 * k));
  } else if constexpr (kKind == WeightKind::kQ8_0) {
    const Float8 scale = LoadHalf(block);
    for (int i = 0; i < 8; ++i) {
      const Int8 step = LoadInt(block + 16 + 32 * i);
      Store(out + 32 * i, ToFloat(SignedByte<0>(step)) * scale);
      Store(out + 32 * i + 8, ToFloat(SignedByte<1>(step)) * scale);
      Store(out + 32 * i + 16, ToFloat(SignedByte<2>(step)) * scale);
      Store(out + 32 * i + 24, ToFloat(SignedByte<3>(step)) * scale);
    }
  } else {
    constexpr bool kHasMinimum = kKind == WeightKind::kQ4_1;
    const Float8 scale = LoadHalf(block);
    const Float8 minimum = kHasMinimum ? LoadHalf(block + 16) : Broadcast(0);
    const auto store = [&](float* to, Int8 nibble) {
      // The product is exact (4 bits times 11), so that this sum is the one rounding.
      if constexpr (kHasMinimum)
        Store(to, ToFloat(nibble) * scale + minimum);
      else
        Store(to, ToFloat(nibble - BroadcastInt(8)) * scale);
    };
    for (int i = 0; i < 4; ++i) {
      const Int8 steps = LoadInt(block + (kHasMinimum ? 32 : 16) + 32 * i);
      float* to = out + 64 * i;
      store(to, Nibble<0>(steps)), store(to + 8, Nibble<8>(steps));
      store(to + 16, Nibble<16>(steps)), store(to + 24, Nibble<24>(steps));
      store(to + 32, Nibble<4>(steps)), store(to + 40, Nibble<12>(steps));
      store(to + 48, Nibble<20>(steps)), store(to + 56, Nibble<28>(steps));
    }
  }
}

// sums[token][k % 4][row] += weights[k][row] * x[token].f32[first + k], for `count` values of k and kTokens tokens.
template <int kTokens>
void MultiplyExpanded(const void* weights, int64_t first, int count, const Activations* x,
                      float (*sums)[kPartialSums][8]) {
  const auto* rows = static_cast<const uint8_t*>(weights);
  const float* values[kTokens];
  Float8 sum[kTokens][kPartialSums];
  for (int t = 0; t < kTokens; ++t) {
    values[t] = x[t].f32 + first;
    for (int i = 0; i < kPartialSums; ++i) sum[t][i] = Load(sums[t][i]);
  }
  for (int k = 0; k < count; k += kPartialSums, rows += kPartialSums * 32) {
    for (int i = 0; i < kPartialSums; ++i) {
      const Float8 weight = Load(rows + 32 * i);
      for (int t = 0; t < kTokens; ++t) sum[t][i] = Fma(weight, Broadcast(values[t][k + i]), sum[t][i]);
    }
  }
  for (int t = 0; t < kTokens; ++t) {
    for (int i = 0; i < kPartialSums; ++i) Store(sums[t][i], sum[t][i]);
  }
}

// One row block times up to kSlabTokens tokens.
template <WeightKind kKind>
void MultiplyRowBlockFloat(const uint8_t* w, int64_t blocks, const Activations* x, int tokens, float* y, size_t ldy) {
  alignas(32) float sums[kSlabTokens][kPartialSums][8];
  alignas(32) float expanded[kExpandedBlocks * kBlockValues * 8];
  std::fill(&sums[0][0][0], &sums[tokens][0][0], 0.0f);
  for (int64_t block = 0; block < blocks; block += kExpandedBlocks) {
    const int count = int(std::min<int64_t>(kExpandedBlocks, blocks - block));
    const void* weights = expanded;
    if constexpr (kKind == WeightKind::kF32) {
      weights = w + block * BlockBytes(kKind);
    } else {
      for (int i = 0; i < count; ++i) {
        ExpandBlock<kKind>(w + (block + i) * BlockBytes(kKind), expanded + i * kBlockValues * 8);
      }
    }
    const int64_t first = block * kBlockValues;
    ForEachTile<kFloatTileTokens>(0, tokens, [&]<int kTokens>(int t) {
      MultiplyExpanded<kTokens>(weights, first, count * kBlockValues, x + t, sums + t);
    });
  }
  for (int t = 0; t < tokens; ++t) {
    Store(y + t * ldy, (Load(sums[t][0]) + Load(sums[t][1])) + (Load(sums[t][2]) + Load(sums[t][3])));
  }
}

template <WeightKind kKind>
void MatmulFloat(const uint8_t* w, int64_t columns, int64_t row_blocks, const Activations* x, int tokens, float* y,
                 size_t ldy) {
  const size_t row_block_bytes = RowBlockBytes(kKind, columns);
  for (int t = 0; t < tokens; t += kSlabTokens) {
    const int count = std::min(kSlabTokens, tokens - t);
    for (int64_t rb = 0; rb < row_blocks; ++rb) {
      MultiplyRowBlockFloat<kKind>(w + rb * row_block_bytes, columns / kBlockValues, x + t, count,
                                   y + t * ldy + rb * kRowsPerBlock, ldy);
    }
  }
}

void MatmulFloat(WeightKind kind, const uint8_t* w, int64_t columns, int64_t row_blocks, const Activations* x,
                 int tokens, float* y, size_t ldy) {
  const auto matmul = [&] {
    switch (kind) {
      case WeightKind::kF32:
        return MatmulFloat<WeightKind::kF32>;
      case WeightKind::kF16:
        return MatmulFloat<WeightKind::kF16>;
      case WeightKind::kQ8_0:
        return MatmulFloat<WeightKind::kQ8_0>;
      case WeightKind::kQ4_0:
        return MatmulFloat<WeightKind::kQ4_0>;
      case WeightKind::kQ4_1:
        break;
    }
    return MatmulFloat<WeightKind::kQ4_1>;
  }();
  matmul(w, columns, row_blocks, x, tokens, y, ldy);
}

}  // namespace
}  // namespace flash_slim
