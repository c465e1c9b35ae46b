// What a value of a model file means, read from the format's specification one value at a time, with no code of ours
// but the conversion of halves: what layout and kernels are held against.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/half.h"
#include "kernels/layout.h"

namespace flash_slim {

constexpr WeightKind kAllKinds[] = {WeightKind::kF32,  WeightKind::kF16,  WeightKind::kQ8_0, WeightKind::kQ4_0,
                                    WeightKind::kQ4_1, WeightKind::kQ4_K, WeightKind::kQ6_K, WeightKind::kQ5_K,
                                    WeightKind::kQ5_0, WeightKind::kQ5_1, WeightKind::kBF16, WeightKind::kQ4_N,
                                    WeightKind::kQ4_NZ, WeightKind::kQ8_N, WeightKind::kQ8_NZ};

// Bytes of a block in the file and values in it.
struct SourceBlock {
  int bytes, values;
};
inline SourceBlock SourceBlockOf(WeightKind kind) {
  switch (kind) {
    case WeightKind::kF32:
      return {4, 1};
    case WeightKind::kF16:
    case WeightKind::kBF16:
      return {2, 1};
    case WeightKind::kQ8_0:
      return {34, 32};
    case WeightKind::kQ4_0:
      return {18, 32};
    case WeightKind::kQ4_1:
      return {20, 32};
    case WeightKind::kQ5_0:
      return {22, 32};
    case WeightKind::kQ5_1:
      return {24, 32};
    case WeightKind::kQ4_K:
      return {144, 256};
    case WeightKind::kQ5_K:
      return {176, 256};
    case WeightKind::kQ6_K:
      return {210, 256};
    case WeightKind::kQ4_N:
      return {20, 32};
    case WeightKind::kQ4_NZ:
      return {21, 32};
    case WeightKind::kQ8_N:
      return {36, 32};
    case WeightKind::kQ8_NZ:
      return {37, 32};
  }
  return {0, 0};
}

inline float SourceValue(WeightKind kind, const uint8_t* row, int64_t k) {
  const auto [bytes, values] = SourceBlockOf(kind);
  const uint8_t* block = row + k / values * bytes;
  const int i = int(k % values);
  const auto half = [](const uint8_t* p) { return HalfToFloat(uint16_t(p[0] | p[1] << 8)); };
  const auto bit = [](const uint8_t* p, int n) { return p[n / 8] >> n % 8 & 1; };
  // Value i's 4 bits, of 32 values in 16 bytes.
  const auto nibble = [i](const uint8_t* p) { return i < 16 ? p[i] & 15 : p[i - 16] >> 4; };
  const auto single = [](const uint8_t* p) {
    float value;
    std::memcpy(&value, p, 4);
    return value;
  };
  switch (kind) {
    case WeightKind::kF32:
      return single(block);
    // As MatMulNBits says it: (quant - zero point) * scale.
    case WeightKind::kQ4_N:
      return single(block) * float(nibble(block + 4) - 8);
    case WeightKind::kQ4_NZ:
      return single(block) * float(nibble(block + 5) - int8_t(block[4]));
    case WeightKind::kQ8_N:
      return single(block) * float(int8_t(block[4 + i]));
    case WeightKind::kQ8_NZ:
      return single(block) * float(int8_t(block[5 + i]) - int8_t(block[4]));
    case WeightKind::kF16:
      return half(block);
    case WeightKind::kBF16: {
      const uint32_t bits = uint32_t(block[0]) << 16 | uint32_t(block[1]) << 24;
      float value;
      std::memcpy(&value, &bits, 4);
      return value;
    }
    case WeightKind::kQ8_0:
      return half(block) * float(int8_t(block[2 + i]));
    case WeightKind::kQ4_0:
      return half(block) * float(nibble(block + 2) - 8);
    case WeightKind::kQ4_1:
      return std::fma(half(block), float(nibble(block + 4)), half(block + 2));
    case WeightKind::kQ5_0:
      return half(block) * float((nibble(block + 6) | bit(block + 2, i) << 4) - 16);
    case WeightKind::kQ5_1:
      return std::fma(half(block), float(nibble(block + 8) | bit(block + 4, i) << 4), half(block + 2));
    case WeightKind::kQ4_K:
    case WeightKind::kQ5_K: {
      const int s = i / 32, l = i % 32;
      const uint8_t* packed = block + 4;  // 12 bytes of 6-bit scales and minima
      int scale, minimum;
      if (s < 4) {
        scale = packed[s] & 63, minimum = packed[s + 4] & 63;
      } else {
        scale = (packed[s + 4] & 15) + (packed[s - 4] >> 6) * 16;
        minimum = (packed[s + 4] >> 4) + (packed[s] >> 6) * 16;
      }
      const uint8_t* quants = block + (kind == WeightKind::kQ4_K ? 16 : 48);
      int quant = s % 2 ? quants[s / 2 * 32 + l] >> 4 : quants[s / 2 * 32 + l] & 15;
      if (kind == WeightKind::kQ5_K) quant += bit(block + 16 + l, s) * 16;
      return std::fma(half(block) * float(scale), float(quant), -(half(block + 2) * float(minimum)));
    }
    case WeightKind::kQ6_K: {
      const int part = i / 128, quarter = i % 128 / 32, l = i % 32;  // 128 values: 64 bytes of nibbles, 32 of high bits
      const uint8_t low = block[64 * part + 32 * (quarter % 2) + l], high = block[128 + 32 * part + l];
      const int quant = (quarter < 2 ? low & 15 : low >> 4) + (high >> 2 * quarter & 3) * 16 - 32;
      return half(block + 208) * float(int8_t(block[192 + i / 16])) * float(quant);
    }
  }
  return NAN;
}

}  // namespace flash_slim
