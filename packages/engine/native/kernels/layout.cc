#include "kernels/layout.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/half.h"

namespace flash_slim {
namespace {

static_assert(std::endian::native == std::endian::little, "model files and the weight cache are little-endian");

constexpr uint32_t kLowNibbles = 0x0f0f0f0f;

uint32_t Load32(const uint8_t* p) {
  uint32_t value;
  std::memcpy(&value, p, 4);
  return value;
}
void Store32(uint8_t* p, uint32_t value) { std::memcpy(p, &value, 4); }
float LoadHalf(const uint8_t* p) {
  uint16_t half;
  std::memcpy(&half, p, 2);
  return HalfToFloat(half);
}

// Bytes of the fp16 numbers that head a block: scale, and minimum where the kind has one.
constexpr size_t HeadBytes(WeightKind kind) {
  switch (kind) {
    case WeightKind::kF32:
    case WeightKind::kF16:
      return 0;
    case WeightKind::kQ8_0:
    case WeightKind::kQ4_0:
      return 2;
    case WeightKind::kQ4_1:
      return 4;
  }
  return 0;
}

// 16 source bytes (value i in byte i's low nibble, value 16 + i in its high one) to four words 32 bytes apart: word v
// has values 8v..8v+3 in its low nibbles and 8v+4..8v+7 in its high ones.
void PackNibbles(const uint8_t* source, uint8_t* out) {
  for (int v = 0; v < 4; ++v) {
    const uint8_t* p = source + 8 * (v & 1);
    const int shift = v < 2 ? 0 : 4;
    const uint32_t low = (Load32(p) >> shift) & kLowNibbles, high = (Load32(p + 4) >> shift) & kLowNibbles;
    Store32(out + 32 * v, low | high << 4);
  }
}
void UnpackNibbles(const uint8_t* packed, uint8_t* out) {
  for (int half = 0; half < 2; ++half) {
    const uint32_t first = Load32(packed + 32 * half), second = Load32(packed + 32 * (half + 2));
    Store32(out + 8 * half, (first & kLowNibbles) | (second & kLowNibbles) << 4);
    Store32(out + 8 * half + 4, (first >> 4 & kLowNibbles) | (second & ~kLowNibbles));
  }
}

// One row's 32 values of one block, between the file's form and the row block's. `packed` is the block's start.
void PackBlockRow(WeightKind kind, const uint8_t* source, int row, uint8_t* packed) {
  const size_t value_bytes = kind == WeightKind::kF32 ? 4 : 2;
  const size_t head = HeadBytes(kind);
  for (size_t i = 0; i < head; i += 2) std::memcpy(packed + 8 * i + 2 * row, source + i, 2);
  uint8_t* quants = packed + 8 * head + 4 * row;
  switch (kind) {
    case WeightKind::kF32:
    case WeightKind::kF16:
      for (size_t k = 0; k < 32; ++k) {
        std::memcpy(packed + (8 * k + row) * value_bytes, source + k * value_bytes, value_bytes);
      }
      break;
    case WeightKind::kQ8_0:
      for (int step = 0; step < 8; ++step) Store32(quants + 32 * step, Load32(source + head + 4 * step));
      break;
    case WeightKind::kQ4_0:
    case WeightKind::kQ4_1:
      PackNibbles(source + head, quants);
      break;
  }
}
void UnpackBlockRow(WeightKind kind, const uint8_t* packed, int row, uint8_t* out) {
  const size_t value_bytes = kind == WeightKind::kF32 ? 4 : 2;
  const size_t head = HeadBytes(kind);
  for (size_t i = 0; i < head; i += 2) std::memcpy(out + i, packed + 8 * i + 2 * row, 2);
  const uint8_t* quants = packed + 8 * head + 4 * row;
  switch (kind) {
    case WeightKind::kF32:
    case WeightKind::kF16:
      for (size_t k = 0; k < 32; ++k) {
        std::memcpy(out + k * value_bytes, packed + (8 * k + row) * value_bytes, value_bytes);
      }
      break;
    case WeightKind::kQ8_0:
      for (int step = 0; step < 8; ++step) Store32(out + head + 4 * step, Load32(quants + 32 * step));
      break;
    case WeightKind::kQ4_0:
    case WeightKind::kQ4_1:
      UnpackNibbles(quants, out + head);
      break;
  }
}

void DequantizeBlockRow(WeightKind kind, const uint8_t* packed, int row, float* out) {
  const size_t head = HeadBytes(kind);
  const float scale = head ? LoadHalf(packed + 2 * row) : 1;
  const float minimum = kind == WeightKind::kQ4_1 ? LoadHalf(packed + 16 + 2 * row) : 0;
  const int zero_point = kind == WeightKind::kQ4_0 ? 8 : 0;
  const uint8_t* quants = packed + 8 * head + 4 * row;
  for (int k = 0; k < 32; ++k) {
    switch (kind) {
      case WeightKind::kF32:
        std::memcpy(&out[k], packed + (8 * k + row) * 4, 4);
        break;
      case WeightKind::kF16:
        out[k] = LoadHalf(packed + (8 * k + row) * 2);
        break;
      case WeightKind::kQ8_0:
        out[k] = float(int8_t(quants[k / 4 * 32 + k % 4])) * scale;
        break;
      case WeightKind::kQ4_0:
      case WeightKind::kQ4_1: {
        const int nibble = quants[k / 8 * 32 + k % 4] >> (k & 4) & 15;
        out[k] = float(nibble - zero_point) * scale;       // exact
        if (kind == WeightKind::kQ4_1) out[k] += minimum;  // the one rounding
        break;
      }
    }
  }
}

}  // namespace

void PackRowBlock(WeightKind kind, int64_t columns, const uint8_t* rows, size_t row_stride, int row_count,
                  uint8_t* out) {
  if (row_count < kRowsPerBlock) std::memset(out, 0, RowBlockBytes(kind, columns));
  const size_t packed_bytes = BlockBytes(kind), source_bytes = packed_bytes / kRowsPerBlock;
  for (int64_t block = 0; block < columns / kBlockValues; ++block) {
    for (int row = 0; row < row_count; ++row) {
      PackBlockRow(kind, rows + row * row_stride + block * source_bytes, row, out + block * packed_bytes);
    }
  }
}

void UnpackRow(WeightKind kind, int64_t columns, const uint8_t* row_block, int row, uint8_t* out) {
  const size_t packed_bytes = BlockBytes(kind), source_bytes = packed_bytes / kRowsPerBlock;
  for (int64_t block = 0; block < columns / kBlockValues; ++block) {
    UnpackBlockRow(kind, row_block + block * packed_bytes, row, out + block * source_bytes);
  }
}

void DequantizeRow(WeightKind kind, int64_t columns, const uint8_t* row_block, int row, float* out) {
  for (int64_t block = 0; block < columns / kBlockValues; ++block) {
    DequantizeBlockRow(kind, row_block + block * BlockBytes(kind), row, out + block * kBlockValues);
  }
}

}  // namespace flash_slim
