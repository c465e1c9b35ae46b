// Products of quantized weights with int8 activations: everything around the hot loop, which each instruction set
// brings itself as Isa::MultiplyTile.
//
// The activations of up to 64 tokens are first copied together, tile by tile and block by block, with all that a
// block's product needs side by side: the hot loop then walks two pointers (weights and activations) however many
// tokens it has, where one pointer per token and array would not fit the registers. The copy is a fixed size on the
// stack; with many tokens it covers a stretch of K at a time, and y carries the sums from one stretch to the next.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/kernel_set.h"
#include "kernels/matmul_float.h"
#include "kernels/tiles.h"

namespace flash_slim {
namespace {

// One block of 32 values of all tokens of a tile.
template <int kTokens>
struct TileBlock {
  int8_t q[kTokens][32];
  float scale[kTokens];
  float scaled_sum[kTokens];  // scale * sum of q: what a weight's minimum is multiplied with
  // For instruction sets that multiply unsigned weights: -zero point * sum of q. Where each 16 values have a scale of
  // their own (Q6_K) two 16-bit numbers, half that of the first and of the second 16: at most 16 * 16 * 127.
  int32_t bias[kTokens];
};
constexpr size_t kTokenBlockBytes = sizeof(TileBlock<1>);
static_assert(sizeof(TileBlock<8>) == 8 * kTokenBlockBytes);

constexpr int kSlabTokensInt8 = 64;
constexpr int kSlabTokenBlocks = 2048;  // 90 KB: 64 tokens x 1024 values, or 8 x 8192

// The weights of a tile: kRowBlocks neighbouring row blocks, at the stretch's first block.
struct TileWeights {
  const uint8_t* data;
  size_t row_block_bytes;  // from one row block to the next
  int64_t blocks;          // of the stretch: of 32 values
};

// Up to this many tokens a row block is gone through once, alone: one sequential stream, which the CPU's own
// prefetching follows best (Zen 4, 1 token: 26 GB/s a core, but 20 with two row blocks side by side or with
// PrefetchNext).
constexpr int kStreamTokens = 2;

// For more tokens, ahead of 32 values: fetches the same values of the row blocks that come next into the second cache.
// The CPU's own prefetching pauses while the tokens of a row block are gone through, and starts anew at each row block
// where two are read side by side (Zen 4: 4 tokens 86 -> 144 GMAC/s a core, 64 tokens 158 -> 171). Past the end of the
// weights it reads nothing and does not fault.
template <WeightKind kKind, int kRowBlocks>
inline void PrefetchNext(const TileWeights& weights, const uint8_t* block, int s) {
  constexpr size_t kBytes = BlockBytes(kKind) / (ShapeOf(kKind).values / kBlockValues);  // a share of the block
  for (int next = kRowBlocks; next < 2 * kRowBlocks; ++next) {
    const uint8_t* share = block + next * weights.row_block_bytes + s * kBytes;
    for (size_t i = 0; i < kBytes; i += 64) {
      __builtin_prefetch(share + i, /*write=*/0, /*locality: second cache*/ 2);
    }
  }
}

template <WeightKind kKind, int kTokens>
void PackTile(const Activations* x, int64_t first_block, int64_t blocks, int zero_point, TileBlock<kTokens>* out) {
  for (int t = 0; t < kTokens; ++t) {
    const int8_t* q = x[t].q + first_block * kBlockValues;
    const float* scale = x[t].scale + first_block;
    const int32_t* sum = x[t].sum + first_block;
    for (int64_t b = 0; b < blocks; ++b) {
      std::memcpy(out[b].q[t], q + b * kBlockValues, kBlockValues);
      out[b].scale[t] = scale[b];
      out[b].scaled_sum[t] = scale[b] * float(sum[b]);
      if constexpr (kKind == WeightKind::kQ6_K) {
        int first = 0;
        for (int k = 0; k < 16; ++k) first += out[b].q[t][k];
        const int16_t halves[2] = {int16_t(-zero_point / 2 * first), int16_t(-zero_point / 2 * (sum[b] - first))};
        std::memcpy(&out[b].bias[t], halves, sizeof(halves));
      } else {
        out[b].bias[t] = -zero_point * sum[b];
      }
    }
  }
}

template <class Isa, WeightKind kKind>
void MatmulInt8(const uint8_t* w, int64_t columns, int64_t row_blocks, const Activations* x, int tokens, float* y,
                size_t ldy) {
  alignas(64) uint8_t packed[kSlabTokenBlocks * kTokenBlockBytes];
  const size_t row_block_bytes = RowBlockBytes(kKind, columns);
  const int64_t blocks = columns / kBlockValues;
  constexpr int64_t kBlocksTogether = ShapeOf(kKind).values / kBlockValues;
  for (int slab = 0; slab < tokens; slab += kSlabTokensInt8) {
    const int count = std::min(kSlabTokensInt8, tokens - slab);
    const int64_t stretch = kSlabTokenBlocks / count / kBlocksTogether * kBlocksTogether;
    for (int64_t first = 0; first < blocks; first += stretch) {
      TileWeights weights = {w + first / kBlocksTogether * BlockBytes(kKind), row_block_bytes,
                             std::min(stretch, blocks - first)};
      const auto tile_at = [&]<int kTokens>(int t) {
        return reinterpret_cast<TileBlock<kTokens>*>(packed + t * weights.blocks * kTokenBlockBytes);
      };
      ForEachTile<Isa::kTileTokens>(0, count, [&]<int kTokens>(int t) {
        PackTile<kKind, kTokens>(x + slab + t, first, weights.blocks, Isa::ZeroPoint(kKind),
                                 tile_at.template operator()<kTokens>(t));
      });
      const auto multiply = [&]<int kRowBlocks>(int64_t rb) {
        ForEachTile<Isa::kTileTokens>(0, count, [&]<int kTokens>(int t) {
          Isa::template MultiplyTile<kKind, kRowBlocks, kTokens>(weights, tile_at.template operator()<kTokens>(t),
                                                                 first == 0, y + (slab + t) * ldy + rb * kRowsPerBlock,
                                                                 ldy);
        });
        weights.data += kRowBlocks * row_block_bytes;
      };
      int64_t rb = 0;
      if (count > kStreamTokens) {
        for (; rb + Isa::kTileRowBlocks <= row_blocks; rb += Isa::kTileRowBlocks) {
          multiply.template operator()<Isa::kTileRowBlocks>(rb);
        }
      }
      for (; rb < row_blocks; ++rb) multiply.template operator()<1>(rb);
    }
  }
}

// The table's matmul: float kinds take the float product.
template <class Isa>
void Matmul(WeightKind kind, const uint8_t* w, int64_t columns, int64_t row_blocks, const Activations* x, int tokens,
            float* y, size_t ldy) {
  WithKind(kind, [&]<WeightKind kKind>() {
    if constexpr (IsFloat(kKind))
      MatmulFloat<kKind>(w, columns, row_blocks, x, tokens, y, ldy);
    else
      MatmulInt8<Isa, kKind>(w, columns, row_blocks, x, tokens, y, ldy);
  });
}

}  // namespace
}  // namespace flash_slim
