// Weight layout "8x4": one form of the weights for every CPU, a lossless rearrangement of the model file's own bits.
//
// Eight rows of a matrix form a row block. Along K it is a sequence of blocks of 32 values (256 for the K types):
//   [8 x fp16 scale][8 x fp16 minimum, where the kind has one][sub-block scales of the K types][quants]
// or, in the N kinds (ONNX's MatMulNBits), [8 x f32 scale][8 signed bytes: zero points, where the kind has them][quants].
// Sub-block scales are the model file's bytes of the 8 rows side by side: 12 (6 bits each for 8 scales and 8 minima) or
// 16 (signed) per row. Quants come 32 values at a time, in steps of 4 consecutive k: byte (r * 4 + j) of a step belongs
// to row r, value j, so that one dot-product instruction (maddubs, dpbusd, sdot) adds into one 32-bit lane per row and
// a row block is one sequential stream. Of quants with 4 to 6 bits, one 32-byte vector holds the low 4 bits of two
// steps: low nibbles k..k+3, high nibbles k+4..k+7. The higher bits follow the four vectors of 32 values: of 5 bits,
// bit i of byte (r * 4 + j) belongs to step i; of 6 bits, two such vectors, bits 2 * (i % 4) and up, one for four
// steps. F16, BF16 and F32 have no scales: a step is one k, its 8 rows side by side.
//
// Rows that a matrix lacks to fill its last row block are stored as zeros.
#pragma once
#include <cstddef>
#include <cstdint>

namespace flash_slim {

// The numbers are part of the weight cache's format: append, never renumber.
enum class WeightKind : uint8_t {
  kF32 = 0,
  kF16 = 1,
  kQ8_0 = 2,
  kQ4_0 = 3,
  kQ4_1 = 4,
  kQ4_K = 5,
  kQ6_K = 6,
  kQ5_K = 7,
  kQ5_0 = 8,
  kQ5_1 = 9,
  kBF16 = 10,
  kQ4_N = 11,
  kQ4_NZ = 12,
  kQ8_N = 13,
  kQ8_NZ = 14,
};

constexpr int kRowsPerBlock = 8;
constexpr int kBlockValues = 32;  // what has one scale of activations; a block of weights is one or eight of these

// What a block of weights is made of. All zeros for a number that names no kind.
struct KindShape {
  int values;       // of a block, along K: columns are a multiple of it
  int bits;         // of a quant, or of a value where there are no scales
  int halves;       // fp16 numbers per row: scale, and minimum where there is one
  int floats;       // f32 numbers per row: a scale, where there are no halves
  int scale_bytes;  // scales (and minima) of sub-blocks, per row; with floats, the zero point
  int zero_point;   // the quant that means 0, where quants are unsigned
};
constexpr KindShape ShapeOf(WeightKind kind) {
  switch (kind) {
    case WeightKind::kF32:
      return {.values = 32, .bits = 32};
    case WeightKind::kF16:
    case WeightKind::kBF16:
      return {.values = 32, .bits = 16};
    case WeightKind::kQ8_0:
      return {.values = 32, .bits = 8, .halves = 1};
    case WeightKind::kQ4_0:
      return {.values = 32, .bits = 4, .halves = 1, .zero_point = 8};
    case WeightKind::kQ4_1:
      return {.values = 32, .bits = 4, .halves = 2};
    case WeightKind::kQ5_0:
      return {.values = 32, .bits = 5, .halves = 1, .zero_point = 16};
    case WeightKind::kQ5_1:
      return {.values = 32, .bits = 5, .halves = 2};
    case WeightKind::kQ4_K:
      return {.values = 256, .bits = 4, .halves = 2, .scale_bytes = 12};
    case WeightKind::kQ5_K:
      return {.values = 256, .bits = 5, .halves = 2, .scale_bytes = 12};
    case WeightKind::kQ6_K:
      return {.values = 256, .bits = 6, .halves = 1, .scale_bytes = 16, .zero_point = 32};
    case WeightKind::kQ4_N:
      return {.values = 32, .bits = 4, .floats = 1, .zero_point = 8};
    case WeightKind::kQ4_NZ:
      return {.values = 32, .bits = 4, .floats = 1, .scale_bytes = 1};
    case WeightKind::kQ8_N:
      return {.values = 32, .bits = 8, .floats = 1};
    case WeightKind::kQ8_NZ:
      return {.values = 32, .bits = 8, .floats = 1, .scale_bytes = 1};
  }
  return {};
}
// F32, F16, BF16: their product is a float one, whatever the activations.
constexpr bool IsFloat(WeightKind kind) { return ShapeOf(kind).halves == 0 && ShapeOf(kind).floats == 0; }
// A zero point of its own: the minimum is -(scale * zero point), rounded once.
constexpr bool HasZeroPoints(WeightKind kind) { return ShapeOf(kind).floats == 1 && ShapeOf(kind).scale_bytes == 1; }
constexpr bool HasMinimum(WeightKind kind) { return ShapeOf(kind).halves == 2 || HasZeroPoints(kind); }
constexpr bool IsKnown(WeightKind kind) { return ShapeOf(kind).values != 0; }

// Bytes of a block's 8 rows: what precedes the quants, 32 of the values, and all of it.
constexpr size_t HeadBytes(WeightKind kind) {
  return kRowsPerBlock * (2 * ShapeOf(kind).halves + 4 * ShapeOf(kind).floats + ShapeOf(kind).scale_bytes);
}
constexpr size_t QuantBytes(WeightKind kind) { return kRowsPerBlock * kBlockValues * ShapeOf(kind).bits / 8; }
constexpr size_t BlockBytes(WeightKind kind) {
  return HeadBytes(kind) + QuantBytes(kind) * (ShapeOf(kind).values / kBlockValues);
}
// kind: a known one. columns: K, a multiple of its block's values.
constexpr size_t RowBlockBytes(WeightKind kind, int64_t columns) {
  return size_t(columns / ShapeOf(kind).values) * BlockBytes(kind);
}
// Bytes of one row of `columns` values as the model file (GGUF) stores it; of the N kinds, as cache/block_rows.h makes it.
constexpr size_t SourceRowBytes(WeightKind kind, int64_t columns) {
  return RowBlockBytes(kind, columns) / kRowsPerBlock;
}

// Rearranges up to 8 source rows (each SourceRowBytes long, `row_stride` bytes apart) into one row block at `out`.
void PackRowBlock(WeightKind kind, int64_t columns, const uint8_t* rows, size_t row_stride, int row_count,
                  uint8_t* out);
// The inverse for one row: the model file's own bytes. Tests hold the layout lossless with it.
void UnpackRow(WeightKind kind, int64_t columns, const uint8_t* row_block, int row, uint8_t* out);
// One row of a row block as float, exact: out[columns].
void DequantizeRow(WeightKind kind, int64_t columns, const uint8_t* row_block, int row, float* out);

}  // namespace flash_slim
