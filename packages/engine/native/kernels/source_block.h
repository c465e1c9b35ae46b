// The model file's (GGUF's, or cache/block_rows.h's) own form of a block, one row: where its parts lie, and its quants in steps of 4 values, a
// byte each, as the row block wants them. Source of the formats: ggml's block_* structures.
#pragma once
#include <cstdint>
#include <cstring>

#include "kernels/layout.h"

namespace flash_slim {
namespace {

constexpr uint32_t kLowNibbles = 0x0f0f0f0f, kLowPairs = 0x03030303, kLowBits = 0x01010101;

inline uint32_t Load32(const uint8_t* p) {
  uint32_t value;
  std::memcpy(&value, p, 4);
  return value;
}
inline void Add32(uint8_t* p, uint32_t bits) {
  bits |= Load32(p);
  std::memcpy(p, &bits, 4);
}

// Byte offsets of a block's parts.
struct SourceShape {
  int halves, scales, quants, high_bits;  // a float where there is one comes first
};
constexpr SourceShape SourceShapeOf(WeightKind kind) {
  switch (kind) {
    case WeightKind::kQ8_0:
    case WeightKind::kQ4_0:
      return {.quants = 2};
    case WeightKind::kQ4_1:
      return {.quants = 4};
    case WeightKind::kQ5_0:
      return {.quants = 6, .high_bits = 2};
    case WeightKind::kQ5_1:
      return {.quants = 8, .high_bits = 4};
    case WeightKind::kQ4_K:
      return {.scales = 4, .quants = 16};
    case WeightKind::kQ5_K:
      return {.scales = 4, .quants = 48, .high_bits = 16};
    case WeightKind::kQ6_K:
      return {.halves = 208, .scales = 192, .quants = 0, .high_bits = 128};
    case WeightKind::kQ4_N:
    case WeightKind::kQ8_N:
      return {.quants = 4};
    case WeightKind::kQ4_NZ:
    case WeightKind::kQ8_NZ:
      return {.scales = 4, .quants = 5};
    default:
      return {};
  }
}

// A word's byte and the shift within it that four neighbouring values share.
struct Place {
  int byte, shift;
};
// Of the low 4 bits (all 8 where there are 8) of step `step` of 32-value sub-block s.
template <WeightKind kKind>
constexpr Place NibblePlace(int s, int step) {
  constexpr int kQuants = SourceShapeOf(kKind).quants;
  if (ShapeOf(kKind).bits == 8) return {kQuants + 4 * step, 0};
  // Q6_K: 64 bytes for 4 sub-blocks; low nibbles the first two, high nibbles the others.
  if (kKind == WeightKind::kQ6_K) return {kQuants + s / 4 * 64 + s % 2 * 32 + 4 * step, s / 2 % 2 * 4};
  // Q4_K, Q5_K: 32 bytes for 2 sub-blocks.
  if (ShapeOf(kKind).values == 256) return {kQuants + s / 2 * 32 + 4 * step, s % 2 * 4};
  // The others: 16 bytes; low nibbles the first 16 values, high nibbles the rest.
  return {kQuants + step % 4 * 4, step / 4 * 4};
}

// Four bits to the lowest bits of four bytes, and back.
constexpr uint32_t SpreadBits(uint32_t bits) { return bits * 0x00204081 & kLowBits; }
constexpr uint32_t JoinBits(uint32_t bytes) { return bytes * 0x10204080 >> 28; }

template <WeightKind kKind>
uint32_t SourceStep(const uint8_t* source, int s, int step) {
  constexpr int kHigh = SourceShapeOf(kKind).high_bits;
  const Place place = NibblePlace<kKind>(s, step);
  const uint32_t word = Load32(source + place.byte);
  if constexpr (ShapeOf(kKind).bits == 8) return word;
  uint32_t values = word >> place.shift & kLowNibbles;
  if constexpr (kKind == WeightKind::kQ5_0 || kKind == WeightKind::kQ5_1)
    values |= SpreadBits(Load32(source + kHigh) >> (4 * step) & 15) << 4;
  if constexpr (kKind == WeightKind::kQ5_K) values |= (Load32(source + kHigh + 4 * step) >> s & kLowBits) << 4;
  if constexpr (kKind == WeightKind::kQ6_K)
    values |= (Load32(source + kHigh + s / 4 * 32 + 4 * step) >> (s % 4 * 2) & kLowPairs) << 4;
  return values;
}
// The inverse. Adds to what is zero.
template <WeightKind kKind>
void AddSourceStep(uint8_t* source, int s, int step, uint32_t values) {
  constexpr int kHigh = SourceShapeOf(kKind).high_bits;
  const Place place = NibblePlace<kKind>(s, step);
  if constexpr (ShapeOf(kKind).bits == 8) return Add32(source + place.byte, values);
  Add32(source + place.byte, (values & kLowNibbles) << place.shift);
  if constexpr (kKind == WeightKind::kQ5_0 || kKind == WeightKind::kQ5_1)
    Add32(source + kHigh, JoinBits(values >> 4 & kLowBits) << (4 * step));
  if constexpr (kKind == WeightKind::kQ5_K) Add32(source + kHigh + 4 * step, (values >> 4 & kLowBits) << s);
  if constexpr (kKind == WeightKind::kQ6_K)
    Add32(source + kHigh + s / 4 * 32 + 4 * step, (values >> 4 & kLowPairs) << (s % 4 * 2));
}

}  // namespace
}  // namespace flash_slim
