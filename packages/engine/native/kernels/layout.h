// Weight layout "8x4": one form of the weights for every CPU, a lossless rearrangement of the model file's own bits.
//
// Eight rows of a matrix form a row block. Along K, each block of 32 values is stored as
//   [8 x fp16 scale][8 x fp16 minimum, where the kind has one][quants]
// and the quants lie in steps of 4 consecutive k: byte (r * 4 + j) of a step belongs to row r, value j, so that one
// dot-product instruction (maddubs, dpbusd, sdot) adds into one 32-bit lane per row and a row block is one sequential
// stream. With 4 bits, one 32-byte vector holds two steps: low nibbles k..k+3, high nibbles k+4..k+7.
// F16 and F32 have no scales: a step is one k, its 8 rows side by side.
//
// Rows that a matrix lacks to fill its last row block are stored as zeros.
#pragma once
#include <cstddef>
#include <cstdint>

namespace flash_slim {

// The numbers are part of the weight cache's format: append, never renumber.
enum class WeightKind : uint8_t { kF32 = 0, kF16 = 1, kQ8_0 = 2, kQ4_0 = 3, kQ4_1 = 4 };

constexpr int kRowsPerBlock = 8;
constexpr int kBlockValues = 32;

// Bytes of 8 rows x 32 values; 0 for a number that names no kind.
constexpr size_t BlockBytes(WeightKind kind) {
  switch (kind) {
    case WeightKind::kF32:
      return 8 * 32 * 4;
    case WeightKind::kF16:
      return 8 * 32 * 2;
    case WeightKind::kQ8_0:
      return 16 + 8 * 32;
    case WeightKind::kQ4_0:
      return 16 + 8 * 16;
    case WeightKind::kQ4_1:
      return 32 + 8 * 16;
  }
  return 0;
}
// columns: K, a multiple of 32.
constexpr size_t RowBlockBytes(WeightKind kind, int64_t columns) { return size_t(columns / 32) * BlockBytes(kind); }
// Bytes of one row of `columns` values as the model file (GGUF) stores it.
constexpr size_t SourceRowBytes(WeightKind kind, int64_t columns) {
  return size_t(columns / 32) * (BlockBytes(kind) / kRowsPerBlock);
}

// Rearranges up to 8 source rows (each SourceRowBytes long, `row_stride` bytes apart) into one row block at `out`.
void PackRowBlock(WeightKind kind, int64_t columns, const uint8_t* rows, size_t row_stride, int row_count,
                  uint8_t* out);
// The inverse for one row: the model file's own bytes. Tests hold the layout lossless with it.
void UnpackRow(WeightKind kind, int64_t columns, const uint8_t* row_block, int row, uint8_t* out);
// One row of a row block as float, exact: out[columns].
void DequantizeRow(WeightKind kind, int64_t columns, const uint8_t* row_block, int row, float* out);

}  // namespace flash_slim
