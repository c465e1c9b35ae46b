// Attention of one token over one KV head's blocks, once for every instruction set (lanes.h).
//
// Three sweeps: scores of all positions; softmax (after the cap, where there is one) over each query head's scores; the
// weighted values. The first and the last go through the KV blocks outside and the query heads inside, so that a block
// comes from memory once for all heads that share it. Order of additions, whatever the instruction set: a score adds
// its products by ascending d; the sum of exponentials keeps 8 lanes by position % 8 and adds them in order; an output
// adds its positions in order and is divided by that sum at the end.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/elementwise.h"
#include "kernels/kernel_set.h"
#include "kernels/lanes.h"
#include "kernels/tiles.h"

namespace flash_slim {
namespace {

constexpr int kKvVectors = kKvBlockTokens / 8;

template <KvType kType>
Float8 LoadKv(const void* block, int64_t index) {
  if constexpr (kType == KvType::kF32)
    return Load(static_cast<const float*>(block) + index);
  else
    return LoadHalf(static_cast<const uint16_t*>(block) + index);
}
// Zeros beyond `count`.
template <KvType kType>
Float8 LoadKvPart(const void* block, int64_t index, int count) {
  constexpr size_t kSize = kType == KvType::kF32 ? 4 : 2;
  alignas(32) uint8_t part[8 * kSize] = {};
  std::memcpy(part, static_cast<const uint8_t*>(block) + index * kSize, count * kSize);
  return LoadKv<kType>(part, 0);
}

// scores[h * stride + token] for all 32 tokens of a block; queries are head_size apart.
template <KvType kType, int kHeads>
void ScoreBlock(const float* queries, int head_size, float scale, const void* keys, float* scores, int64_t stride) {
  Float8 sum[kHeads][kKvVectors];
  for (auto& head : sum) {
    for (Float8& lanes : head) lanes = Broadcast(0);
  }
  for (int d = 0; d < head_size; ++d) {
    Float8 key[kKvVectors];
    for (int i = 0; i < kKvVectors; ++i) key[i] = LoadKv<kType>(keys, d * kKvBlockTokens + 8 * i);
    for (int h = 0; h < kHeads; ++h) {
      const Float8 query = Broadcast(queries[h * head_size + d]);
      for (int i = 0; i < kKvVectors; ++i) sum[h][i] = Fma(query, key[i], sum[h][i]);
    }
  }
  for (int h = 0; h < kHeads; ++h) {
    for (int i = 0; i < kKvVectors; ++i) Store(scores + h * stride + 8 * i, sum[h][i] * Broadcast(scale));
  }
}

// Turns scores into e^(score - max). count: a multiple of 8; unseen positions hold -infinity.
void ExponentiateScores(float* scores, int64_t count) {
  Float8 max = Load(scores);
  for (int64_t i = 8; i < count; i += 8) max = Max(max, Load(scores + i));
  const Float8 shift = Broadcast(MaxOfLanes(max));
  for (int64_t i = 0; i < count; i += 8) Store(scores + i, Exp(Load(scores + i) - shift));
}
float SumOfWeights(const float* weights, int64_t count) {
  Float8 sum = Broadcast(0);
  for (int64_t i = 0; i < count; i += 8) sum = sum + Load(weights + i);
  return SumOfLanes(sum);
}

// out[h][d .. d + 8 * kVectors] += weight of token * its value, for tokens begin <= t < end of a block.
template <KvType kType, int kHeads, int kVectors>
void AddValues(const float* weights, int64_t stride, int begin, int end, const void* values, int head_size, int d,
               float* out) {
  Float8 sum[kHeads][kVectors];
  for (int h = 0; h < kHeads; ++h) {
    for (int i = 0; i < kVectors; ++i) sum[h][i] = Load(out + h * head_size + d + 8 * i);
  }
  for (int t = begin; t < end; ++t) {
    Float8 value[kVectors];
    for (int i = 0; i < kVectors; ++i) value[i] = LoadKv<kType>(values, int64_t(t) * head_size + d + 8 * i);
    for (int h = 0; h < kHeads; ++h) {
      const Float8 weight = Broadcast(weights[h * stride + t]);
      for (int i = 0; i < kVectors; ++i) sum[h][i] = Fma(weight, value[i], sum[h][i]);
    }
  }
  for (int h = 0; h < kHeads; ++h) {
    for (int i = 0; i < kVectors; ++i) Store(out + h * head_size + d + 8 * i, sum[h][i]);
  }
}

template <KvType kType, int kHeads>
void AddBlock(const float* weights, int64_t stride, int begin, int end, const void* values, int head_size, float* out) {
  int d = 0;
  for (; d + 32 <= head_size; d += 32) {
    AddValues<kType, kHeads, 4>(weights, stride, begin, end, values, head_size, d, out);
  }
  for (; d + 8 <= head_size; d += 8) {
    AddValues<kType, kHeads, 1>(weights, stride, begin, end, values, head_size, d, out);
  }
  const int rest = head_size - d;
  for (int h = 0; h < kHeads && rest > 0; ++h) {
    float part[8] = {};
    std::memcpy(part, out + h * head_size + d, rest * sizeof(float));
    Float8 sum = Load(part);
    for (int t = begin; t < end; ++t) {
      const Float8 value = LoadKvPart<kType>(values, int64_t(t) * head_size + d, rest);
      sum = Fma(Broadcast(weights[h * stride + t]), value, sum);
    }
    Store(part, sum);
    std::memcpy(out + h * head_size + d, part, rest * sizeof(float));
  }
}

template <KvType kType>
void Attend(const float* queries, int query_count, int head_size, float scale, float softcap,
            const void* const* key_blocks, const void* const* value_blocks, int64_t first, int64_t last, float* scores,
            float* out) {
  const int64_t first_block = first / kKvBlockTokens, end_block = (last + kKvBlockTokens - 1) / kKvBlockTokens;
  const int64_t base = first_block * kKvBlockTokens, stride = (end_block - first_block) * kKvBlockTokens;
  for (int64_t block = first_block; block < end_block; ++block) {
    float* block_scores = scores + (block - first_block) * kKvBlockTokens;
    ForEachTile<kAttendHeads>(0, query_count, [&]<int kHeads>(int h) {
      ScoreBlock<kType, kHeads>(queries + h * head_size, head_size, scale, key_blocks[block], block_scores + h * stride,
                                stride);
    });
  }
  for (int h = 0; h < query_count; ++h) {
    float* head_scores = scores + h * stride;
    if (softcap > 0) Softcap(head_scores, size_t(stride), softcap);
    std::fill(head_scores, head_scores + (first - base), -INFINITY);
    std::fill(head_scores + (last - base), head_scores + stride, -INFINITY);
    ExponentiateScores(head_scores, stride);
  }
  std::fill(out, out + int64_t(query_count) * head_size, 0.0f);
  for (int64_t block = first_block; block < end_block; ++block) {
    const int64_t block_base = block * kKvBlockTokens;
    // Unseen positions must not be touched: whatever lies there may be no number, and 0 times it neither.
    const int begin = int(std::max(first - block_base, int64_t(0)));
    const int end = int(std::min(last - block_base, int64_t(kKvBlockTokens)));
    const float* weights = scores + (block - first_block) * kKvBlockTokens;
    ForEachTile<kAttendHeads>(0, query_count, [&]<int kHeads>(int h) {
      AddBlock<kType, kHeads>(weights + h * stride, stride, begin, end, value_blocks[block], head_size,
                              out + h * head_size);
    });
  }
  for (int h = 0; h < query_count; ++h) {
    const float sum = SumOfWeights(scores + h * stride, stride);
    for (int d = 0; d < head_size; ++d) out[h * head_size + d] /= sum;
  }
}

void Attend(KvType type, const float* queries, int query_count, int head_size, float scale, float softcap,
            const void* const* key_blocks, const void* const* value_blocks, int64_t first, int64_t last, float* scores,
            float* out) {
  const auto attend = type == KvType::kF32 ? Attend<KvType::kF32> : Attend<KvType::kF16>;
  attend(queries, query_count, head_size, scale, softcap, key_blocks, value_blocks, first, last, scores, out);
}

}  // namespace
}  // namespace flash_slim
