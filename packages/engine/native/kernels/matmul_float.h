// Products with float activations, once for every instruction set (lanes.h): F32, F16 and BF16 weights always, and
// every kind where the fidelity of the activations counts more than speed.
//
// A few blocks of a row block are expanded to float, [k][8 rows], and multiplied with all tokens before the next few:
// the expansion is paid once and stays in the innermost cache. Each row keeps four partial sums by k % 4, which also
// hides the latency of fma, and adds them as (0 + 1) + (2 + 3).
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/block_head.h"
#include "kernels/kernel_set.h"
#include "kernels/lanes.h"
#include "kernels/tiles.h"
#include "kernels/with_kind.h"

namespace flash_slim {
namespace {

constexpr int kPartialSums = 4;
constexpr int kSlabTokens = 64;     // tokens whose partial sums lie on the stack at a time: 8 KB
constexpr int kExpandedBlocks = 8;  // of 32 values: 8 KB of floats, and one block of the K types

// What stands for value k of 32, for 8 rows: the 32-bit lanes of a step have a row's 4 bytes each.
template <WeightKind kKind, int k>
Int8 QuantsOf(const uint8_t* quants) {
  constexpr int kBits = ShapeOf(kKind).bits, kStep = k / 4, kByte = k % 4 * 8;  // kByte: its first bit
  if constexpr (kBits == 8) {
    return ShiftRight<24>(ShiftLeft<24 - kByte>(LoadInt(quants + 32 * kStep)));  // keeps the sign
  } else {
    Int8 quant = ShiftRight<kByte + kStep % 2 * 4>(LoadInt(quants + kStep / 2 * 32)) & BroadcastInt(15);
    if constexpr (kBits == 5) {
      quant = quant + ShiftLeft<4>(ShiftRight<kByte + kStep>(LoadInt(quants + 128)) & BroadcastInt(1));
    } else if constexpr (kBits == 6) {
      const Int8 high = LoadInt(quants + 128 + kStep / 4 * 32);
      quant = quant + ShiftLeft<4>(ShiftRight<kByte + kStep % 4 * 2>(high) & BroadcastInt(3));
    }
    return quant - BroadcastInt(ShapeOf(kKind).zero_point);
  }
}

// 8 rows' values of one k, as a float kind stores them.
template <WeightKind kKind>
Float8 LoadValues(const uint8_t* p) {
  if constexpr (kKind == WeightKind::kF32)
    return Load(p);
  else
    return kKind == WeightKind::kF16 ? LoadHalf(p) : LoadBfloat16(p);
}

// One block of 8 rows to out[values][8].
template <WeightKind kKind>
void ExpandBlock(const uint8_t* block, float* out) {
  if constexpr (IsFloat(kKind)) {
    for (int k = 0; k < kBlockValues; ++k) Store(out + 8 * k, LoadValues<kKind>(block + k * ShapeOf(kKind).bits));
  } else {
    const BlockHead<kKind> head(block);
    const uint8_t* quants = block + HeadBytes(kKind);
    for (int s = 0; s < ShapeOf(kKind).values / kBlockValues; ++s, out += 8 * kBlockValues) {
      const Float8 minimum = head.Minimum(s);
      Float8 scale[2] = {head.Scale(s), head.Scale(s)};  // of 16 values each
      if constexpr (kKind == WeightKind::kQ6_K) {
        for (int half = 0; half < 2; ++half) scale[half] = scale[half] * ToFloat(head.HalfScale(s, half));
      }
      const auto store = [&]<int... k>(std::integer_sequence<int, k...>) {
        // The products are exact (17 bits times 5, in Q6_K 18 times 5), so that adding a minimum is the one rounding.
        // With a zero point it is the product itself.
        if constexpr (HasZeroPoints(kKind))
          (Store(out + 8 * k, ToFloat(QuantsOf<kKind, k>(quants) - head.ZeroPoint()) * scale[0]), ...);
        else if constexpr (HasMinimum(kKind))
          (Store(out + 8 * k, ToFloat(QuantsOf<kKind, k>(quants)) * scale[0] + minimum), ...);
        else
          (Store(out + 8 * k, ToFloat(QuantsOf<kKind, k>(quants)) * scale[k / 16]), ...);
      };
      store(std::make_integer_sequence<int, kBlockValues>());
      quants += QuantBytes(kKind);
    }
  }
}

// sums[token][k % 4][row] += weights[k][row] * x[token].f32[first + k], for `count` values of k and kTokens tokens.
template <WeightKind kKind, int kTokens>
void MultiplyValues(const uint8_t* weights, int64_t first, int64_t count, const Activations* x,
                    float (*sums)[kPartialSums][8]) {
  constexpr size_t kBytes = ShapeOf(kKind).bits;  // of 8 rows
  const float* values[kTokens];
  Float8 sum[kTokens][kPartialSums];
  for (int t = 0; t < kTokens; ++t) {
    values[t] = x[t].f32 + first;
    for (int i = 0; i < kPartialSums; ++i) sum[t][i] = Load(sums[t][i]);
  }
  for (int64_t k = 0; k < count; k += kPartialSums, weights += kPartialSums * kBytes) {
    for (int i = 0; i < kPartialSums; ++i) {
      const Float8 weight = LoadValues<kKind>(weights + i * kBytes);
      for (int t = 0; t < kTokens; ++t) sum[t][i] = Fma(weight, Broadcast(values[t][k + i]), sum[t][i]);
    }
  }
  for (int t = 0; t < kTokens; ++t) {
    for (int i = 0; i < kPartialSums; ++i) Store(sums[t][i], sum[t][i]);
  }
}

// One row block times up to kSlabTokens tokens. blocks: of 32 values.
template <WeightKind kKind>
void MultiplyRowBlockFloat(const uint8_t* w, int64_t blocks, const Activations* x, int tokens, float* y, size_t ldy) {
  alignas(32) float sums[kSlabTokens][kPartialSums][8];
  alignas(32) float expanded[kExpandedBlocks * kBlockValues * 8];
  std::fill_n(&sums[0][0][0], tokens * kPartialSums * 8, 0.0f);
  // Values that a single tile of tokens multiplies are converted on the way.
  const bool as_stored = kKind == WeightKind::kF32 || (IsFloat(kKind) && tokens <= kFloatTileTokens);
  for (int64_t block = 0; block < blocks; block += kExpandedBlocks) {
    const int count = int(std::min<int64_t>(kExpandedBlocks, blocks - block));
    const int64_t first = block * kBlockValues;
    if constexpr (IsFloat(kKind)) {
      if (as_stored) {
        ForEachTile<kFloatTileTokens>(0, tokens, [&]<int kTokens>(int t) {
          MultiplyValues<kKind, kTokens>(w, first, count * kBlockValues, x + t, sums + t);
        });
        w += count * BlockBytes(kKind);
        continue;
      }
    }
    for (int i = 0; i < count; i += ShapeOf(kKind).values / kBlockValues, w += BlockBytes(kKind)) {
      ExpandBlock<kKind>(w, expanded + i * kBlockValues * 8);
    }
    ForEachTile<kFloatTileTokens>(0, tokens, [&]<int kTokens>(int t) {
      MultiplyValues<WeightKind::kF32, kTokens>(reinterpret_cast<const uint8_t*>(expanded), first, count * kBlockValues,
                                                x + t, sums + t);
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
  WithKind(kind, [&]<WeightKind kKind>() { MatmulFloat<kKind>(w, columns, row_blocks, x, tokens, y, ldy); });
}

}  // namespace
}  // namespace flash_slim
