#include "kernels/layout.h"

#include <bit>
#include <cstring>

#include "kernels/block.h"
#include "kernels/source_block.h"
#include "kernels/with_kind.h"

namespace flash_slim {
namespace {

static_assert(std::endian::native == std::endian::little, "model files and the weight cache are little-endian");

// Step i of one row's 32 quants, a byte each. quants: at the row's first word of these 32 values.
template <WeightKind kKind>
uint32_t PackedStep(const uint8_t* quants, int step) {
  constexpr int kBits = ShapeOf(kKind).bits;
  if constexpr (kBits == 8) return Load32(quants + 32 * step);
  uint32_t values = Load32(quants + step / 2 * 32) >> (step % 2 * 4) & kLowNibbles;
  if constexpr (kBits == 5) values |= (Load32(quants + 128) >> step & kLowBits) << 4;
  if constexpr (kBits == 6) values |= (Load32(quants + 128 + step / 4 * 32) >> (step % 4 * 2) & kLowPairs) << 4;
  return values;
}
// Adds to what is zero.
template <WeightKind kKind>
void AddPackedStep(uint8_t* quants, int step, uint32_t values) {
  constexpr int kBits = ShapeOf(kKind).bits;
  if constexpr (kBits == 8) return Add32(quants + 32 * step, values);
  Add32(quants + step / 2 * 32, (values & kLowNibbles) << (step % 2 * 4));
  if constexpr (kBits == 5) Add32(quants + 128, (values >> 4 & kLowBits) << step);
  if constexpr (kBits == 6) Add32(quants + 128 + step / 4 * 32, (values >> 4 & kLowPairs) << (step % 4 * 2));
}

template <WeightKind kKind>
struct Layout {
  static constexpr KindShape kShape = ShapeOf(kKind);
  static constexpr SourceShape kSource = SourceShapeOf(kKind);
  static constexpr size_t kSourceBytes = BlockBytes(kKind) / kRowsPerBlock;
  static constexpr size_t kValueBytes = kShape.bits / 8;  // of float kinds

  // One row of one block, between the file's form and the row block's. `packed` is the block's start, zeros before.
  static void PackRow(const uint8_t* source, int row, uint8_t* packed) {
    if constexpr (IsFloat(kKind)) {
      for (size_t k = 0; k < 32; ++k) {
        std::memcpy(packed + (8 * k + row) * kValueBytes, source + k * kValueBytes, kValueBytes);
      }
      return;
    }
    for (int i = 0; i < kShape.halves; ++i) std::memcpy(packed + 16 * i + 2 * row, source + kSource.halves + 2 * i, 2);
    if constexpr (kShape.floats) std::memcpy(packed + 4 * row, source, 4);
    uint8_t* scales = packed + 16 * kShape.halves + 32 * kShape.floats + row;
    for (int i = 0; i < kShape.scale_bytes; ++i) scales[8 * i] = source[kSource.scales + i];
    uint8_t* quants = packed + HeadBytes(kKind) + 4 * row;
    for (int s = 0; s < kShape.values / 32; ++s, quants += QuantBytes(kKind)) {
      for (int step = 0; step < 8; ++step) AddPackedStep<kKind>(quants, step, SourceStep<kKind>(source, s, step));
    }
  }
  // out: zeros before.
  static void UnpackRow(const uint8_t* packed, int row, uint8_t* out) {
    if constexpr (IsFloat(kKind)) {
      for (size_t k = 0; k < 32; ++k) {
        std::memcpy(out + k * kValueBytes, packed + (8 * k + row) * kValueBytes, kValueBytes);
      }
      return;
    }
    for (int i = 0; i < kShape.halves; ++i) std::memcpy(out + kSource.halves + 2 * i, packed + 16 * i + 2 * row, 2);
    if constexpr (kShape.floats) std::memcpy(out, packed + 4 * row, 4);
    const uint8_t* scales = packed + 16 * kShape.halves + 32 * kShape.floats + row;
    for (int i = 0; i < kShape.scale_bytes; ++i) out[kSource.scales + i] = scales[8 * i];
    const uint8_t* quants = packed + HeadBytes(kKind) + 4 * row;
    for (int s = 0; s < kShape.values / 32; ++s, quants += QuantBytes(kKind)) {
      for (int step = 0; step < 8; ++step) AddSourceStep<kKind>(out, s, step, PackedStep<kKind>(quants, step));
    }
  }
  // Quant times scale is exact where scales are halves; adding the minimum is the one rounding.
  static void DequantizeRow(const uint8_t* packed, int row, float* out) {
    const uint8_t* quants = packed + HeadBytes(kKind);
    for (int s = 0; s < kShape.values / 32; ++s, quants += QuantBytes(kKind), out += 32) {
      const float scale = IsFloat(kKind) ? 1 : ScaleAt(kKind, packed, row, s);
      const float minimum = MinimumAt(kKind, packed, row, s);
      for (int k = 0; k < 32; ++k) {
        if constexpr (kKind == WeightKind::kF32) {
          std::memcpy(&out[k], packed + (8 * k + row) * 4, 4);
        } else if constexpr (kKind == WeightKind::kF16) {
          out[k] = HalfAt(packed + (8 * k + row) * 2);
        } else if constexpr (kKind == WeightKind::kBF16) {
          out[k] = Bfloat16At(packed + (8 * k + row) * 2);
        } else {
          const float quant = float(QuantAt(kKind, quants, row, k));
          if constexpr (HasZeroPoints(kKind))
            out[k] = scale * (quant - float(int8_t(packed[32 + row])));
          else if constexpr (kKind == WeightKind::kQ6_K)
            out[k] = scale * float(HalfScaleAt(packed + 16, row, 2 * s + k / 16)) * quant;
          else if constexpr (HasMinimum(kKind))
            out[k] = scale * quant + minimum;
          else
            out[k] = scale * quant;
        }
      }
    }
  }
};

}  // namespace

void PackRowBlock(WeightKind kind, int64_t columns, const uint8_t* rows, size_t row_stride, int row_count,
                  uint8_t* out) {
  std::memset(out, 0, RowBlockBytes(kind, columns));
  WithKind(kind, [&]<WeightKind kKind>() {
    for (int64_t block = 0; block < columns / ShapeOf(kKind).values; ++block) {
      const uint8_t* source = rows + block * Layout<kKind>::kSourceBytes;
      for (int row = 0; row < row_count; ++row) {
        Layout<kKind>::PackRow(source + row * row_stride, row, out + block * BlockBytes(kKind));
      }
    }
  });
}

void UnpackRow(WeightKind kind, int64_t columns, const uint8_t* row_block, int row, uint8_t* out) {
  std::memset(out, 0, SourceRowBytes(kind, columns));
  WithKind(kind, [&]<WeightKind kKind>() {
    for (int64_t block = 0; block < columns / ShapeOf(kKind).values; ++block) {
      Layout<kKind>::UnpackRow(row_block + block * BlockBytes(kKind), row, out + block * Layout<kKind>::kSourceBytes);
    }
  });
}

void DequantizeRow(WeightKind kind, int64_t columns, const uint8_t* row_block, int row, float* out) {
  WithKind(kind, [&]<WeightKind kKind>() {
    constexpr int kValues = ShapeOf(kKind).values;
    for (int64_t block = 0; block < columns / kValues; ++block) {
      Layout<kKind>::DequantizeRow(row_block + block * BlockBytes(kKind), row, out + block * kValues);
    }
  });
}

}  // namespace flash_slim
