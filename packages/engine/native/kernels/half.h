// IEEE half precision in integer arithmetic, for code that must run on any CPU. The vector kernels use the CPU's own
// conversions (lanes_*.h), which give the same bits for everything but the payload of a NaN.
#pragma once
#include <bit>
#include <cstdint>

namespace flash_slim {

// Exact.
constexpr float HalfToFloat(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 31, mantissa = half & 1023;
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24
    const float magnitude = float(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  const uint32_t bits = exponent == 31 ? 0x7f800000u : (exponent + 112) << 23;
  return std::bit_cast<float>(sign | bits | mantissa << 13);
}

// Rounds to nearest even; too large becomes infinity.
constexpr uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = uint16_t(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;   // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00;  // 65520 and above
  if (magnitude < 0x33000001) return sign;            // up to 2^-25
  const int exponent = int(magnitude >> 23) - 127;    // -25 .. 15
  const uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
  const int drop = exponent < -14 ? -1 - exponent : 13;  // bits below the half's last
  const uint32_t kept = mantissa >> drop, rest = mantissa & ((1u << drop) - 1), middle = 1u << (drop - 1);
  const uint32_t rounded = kept + (rest > middle || (rest == middle && (kept & 1)));
  // A normal number's leading one is counted by the exponent; a carry out of the mantissa raises it as it should.
  return uint16_t(sign | (exponent < -14 ? rounded : rounded + (uint32_t(exponent + 14) << 10)));
}

}  // namespace flash_slim
