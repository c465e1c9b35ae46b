#include "cache/row_converter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/half.h"

namespace flash_slim {
namespace {

constexpr float kLargestHalf = 65504;

template <class T>
T LoadAt(const uint8_t* p, int64_t index) {
  T value;
  std::memcpy(&value, p + size_t(index) * sizeof(T), sizeof(T));
  return value;
}

void ToFloats(SourceForm form, const uint8_t* source, int64_t first, float* out) {
  for (int i = 0; i < kBlockValues; ++i) {
    switch (form) {
      case SourceForm::kF16:
        out[i] = HalfToFloat(LoadAt<uint16_t>(source, first + i));
        break;
      case SourceForm::kBF16:
        out[i] = std::bit_cast<float>(uint32_t(LoadAt<uint16_t>(source, first + i)) << 16);
        break;
      default:
        out[i] = LoadAt<float>(source, first + i);
    }
  }
}

// The nearest of the integers [least, most]; `inverse` is 1 / scale, 0 where the scale is too small for a half. Adding and
// taking away 1.5 * 2^23 rounds as nearbyint does, without a library call, and in vectors.
float Nearest(float value, float inverse, float least, float most) {
  constexpr float kRounder = 0x1.8p23f;
  return (std::min(std::max(value * inverse, least), most) + kRounder) - kRounder;
}
float InverseOf(float scale) { return std::abs(scale) < 0x1p-24f ? 0 : 1 / scale; }

// A way to store a block: value i is minimum + scale * quants[i]. Scale and minimum are halves already.
struct Candidate {
  float scale = 0, minimum = 0;
  float quants[kBlockValues];  // whole numbers
  float error = INFINITY;

  void Fit(const float* values, float wanted_scale, float wanted_minimum, float least, float most) {
    scale = HalfToFloat(FloatToHalf(wanted_scale));
    minimum = HalfToFloat(FloatToHalf(wanted_minimum));
    const float inverse = InverseOf(scale);
    error = 0;
    for (int i = 0; i < kBlockValues; ++i) {
      quants[i] = Nearest(values[i] - minimum, inverse, least, most);
      const float difference = minimum + scale * quants[i] - values[i];
      error += difference * difference;
    }
  }
};

Candidate Fit8(const float* values, float largest) {
  Candidate best;
  best.Fit(values, std::abs(largest) / 127, 0, -127, 127);
  return best;
}

// 16 steps that need not reach as far to one side as to the other: the value farthest from 0 takes -8, or a little less.
Candidate FitSymmetric4(const float* values, float largest) {
  Candidate best, next;
  for (const float reach : {-8.0f, -8.4f, -8.2f, -7.8f, -7.6f, -7.4f, -7.2f, -7.0f}) {
    next.Fit(values, largest / reach, 0, -8, 7);
    if (next.error < best.error) best = next;
  }
  return best;
}

// Clipping the ends a little pays where they are outliers.
Candidate FitWithMinimum4(const float* values) {
  const auto [low, high] = std::minmax_element(values, values + kBlockValues);
  Candidate best, next;
  for (const float cut : {0.0f, 0.015f, 0.03f, 0.045f, 0.06f}) {
    const float range = *high - *low;
    next.Fit(values, range * (1 - 2 * cut) / 15, *low + range * cut, 0, 15);
    if (next.error < best.error) best = next;
  }
  return best;
}

void StoreHalf(uint8_t* out, float value) {
  const uint16_t half = FloatToHalf(value);
  std::memcpy(out, &half, 2);
}

// Value i in the low nibble of byte i, value 16 + i in its high one.
void StoreNibbles(const Candidate& block, int zero_point, uint8_t* out) {
  for (int i = 0; i < 16; ++i) out[i] = uint8_t((int(block.quants[i]) + zero_point) | (int(block.quants[16 + i]) + zero_point) << 4);
}

}  // namespace

size_t SourceFormRowBytes(SourceForm form, WeightKind kind, int64_t columns) {
  switch (form) {
    case SourceForm::kAsStored:
      return SourceRowBytes(kind, columns);
    case SourceForm::kF32:
      return size_t(columns) * 4;
    case SourceForm::kF16:
    case SourceForm::kBF16:
      return size_t(columns) * 2;
    case SourceForm::kBlocks:
      break;
  }
  return 0;
}

bool CanConvert(SourceForm form, WeightKind kind) {
  if (form == SourceForm::kAsStored) return true;
  if (form != SourceForm::kF32 && form != SourceForm::kF16 && form != SourceForm::kBF16) return false;
  return kind == WeightKind::kF32 || kind == WeightKind::kQ8_0 || kind == WeightKind::kQ4_0 || kind == WeightKind::kQ4_1;
}

void ConversionError::Add(const ConversionError& other) {
  squared_error += other.squared_error;
  squared_values += other.squared_values;
  max_error = std::max(max_error, other.max_error);
}

bool ConvertRow(SourceForm form, WeightKind kind, int64_t columns, const uint8_t* source, uint8_t* out,
                ConversionError* error) {
  const size_t block_bytes = BlockBytes(kind) / kRowsPerBlock;
  for (int64_t first = 0; first < columns; first += kBlockValues, out += block_bytes) {
    float values[kBlockValues];
    ToFloats(form, source, first, values);
    float largest = 0;  // the value farthest from 0
    for (const float value : values) {
      if (!std::isfinite(value)) return false;
      if (std::abs(value) > std::abs(largest)) largest = value;
    }
    if (kind != WeightKind::kF32 && std::abs(largest) > kLargestHalf) return false;
    Candidate block;
    switch (kind) {
      case WeightKind::kQ8_0:
        block = Fit8(values, largest);
        StoreHalf(out, block.scale);
        for (int i = 0; i < kBlockValues; ++i) out[2 + i] = uint8_t(int8_t(block.quants[i]));
        break;
      case WeightKind::kQ4_0:
        block = FitSymmetric4(values, largest);
        StoreHalf(out, block.scale);
        StoreNibbles(block, 8, out + 2);
        break;
      case WeightKind::kQ4_1:
        block = FitWithMinimum4(values);
        StoreHalf(out, block.scale);
        StoreHalf(out + 2, block.minimum);
        StoreNibbles(block, 0, out + 4);
        break;
      default:
        std::memcpy(out, values, sizeof(values));
        continue;
    }
    for (int i = 0; i < kBlockValues; ++i) {
      const double lost = std::abs(double(block.minimum) + double(block.scale) * block.quants[i] - double(values[i]));
      error->squared_error += lost * lost;
      error->squared_values += double(values[i]) * double(values[i]);
      error->max_error = std::max(error->max_error, lost);
    }
  }
  return true;
}

}  // namespace flash_slim
