// The lanes in plain C++, for the reference table.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/half.h"

namespace flash_slim {
namespace {

struct Float8 {
  float lane[8];
};
struct Int8 {
  int32_t lane[8];
};
// Tokens that one tile of the float product keeps in registers.
constexpr int kFloatTileTokens = 2;
// Query heads that share a KV block's registers: 4 sums each.
constexpr int kAttendHeads = 2;

template <class To, class From, class Function>
To EachLane(const From& from, Function function) {
  To to;
  for (int i = 0; i < 8; ++i) to.lane[i] = function(from.lane[i], i);
  return to;
}

Float8 Broadcast(float value) {
  Float8 result;
  for (float& lane : result.lane) lane = value;
  return result;
}
Int8 BroadcastInt(int32_t value) {
  Int8 result;
  for (int32_t& lane : result.lane) lane = value;
  return result;
}
Float8 Load(const void* p) {
  Float8 result;
  std::memcpy(&result, p, sizeof(result));
  return result;
}
Int8 LoadInt(const void* p) {
  Int8 result;
  std::memcpy(&result, p, sizeof(result));
  return result;
}
void Store(float* p, Float8 a) { std::memcpy(p, &a, sizeof(a)); }
void StoreInt(int32_t* p, Int8 a) { std::memcpy(p, &a, sizeof(a)); }
Float8 LoadHalf(const void* p) {
  uint16_t half[8];
  std::memcpy(half, p, sizeof(half));
  Float8 result;
  for (int i = 0; i < 8; ++i) result.lane[i] = HalfToFloat(half[i]);
  return result;
}
Float8 LoadBfloat16(const void* p) {
  uint16_t high[8];
  std::memcpy(high, p, sizeof(high));
  Float8 result;
  for (int i = 0; i < 8; ++i) result.lane[i] = std::bit_cast<float>(uint32_t(high[i]) << 16);
  return result;
}
// 8 bytes, one to a lane.
Int8 LoadUnsignedBytes(const void* p) {
  Int8 result;
  for (int i = 0; i < 8; ++i) result.lane[i] = static_cast<const uint8_t*>(p)[i];
  return result;
}
Int8 LoadSignedBytes(const void* p) {
  Int8 result;
  for (int i = 0; i < 8; ++i) result.lane[i] = static_cast<const int8_t*>(p)[i];
  return result;
}
void StoreHalf(uint16_t* p, Float8 a) {
  for (int i = 0; i < 8; ++i) p[i] = FloatToHalf(a.lane[i]);
}
// Lanes within int8's range.
void StoreInt8(int8_t* p, Int8 a) {
  for (int i = 0; i < 8; ++i) p[i] = int8_t(a.lane[i]);
}

Float8 operator+(Float8 a, Float8 b) {
  return EachLane<Float8>(a, [&](float x, int i) { return x + b.lane[i]; });
}
Float8 operator-(Float8 a, Float8 b) {
  return EachLane<Float8>(a, [&](float x, int i) { return x - b.lane[i]; });
}
Float8 operator*(Float8 a, Float8 b) {
  return EachLane<Float8>(a, [&](float x, int i) { return x * b.lane[i]; });
}
Float8 operator/(Float8 a, Float8 b) {
  return EachLane<Float8>(a, [&](float x, int i) { return x / b.lane[i]; });
}
// a * b + c, rounded once
Float8 Fma(Float8 a, Float8 b, Float8 c) {
  return EachLane<Float8>(a, [&](float x, int i) { return std::fma(x, b.lane[i], c.lane[i]); });
}
Float8 Max(Float8 a, Float8 b) {
  return EachLane<Float8>(a, [&](float x, int i) { return std::max(x, b.lane[i]); });
}
Float8 Min(Float8 a, Float8 b) {
  return EachLane<Float8>(a, [&](float x, int i) { return std::min(x, b.lane[i]); });
}
Float8 Abs(Float8 a) {
  return EachLane<Float8>(a, [](float x, int) { return std::fabs(x); });
}

Int8 operator+(Int8 a, Int8 b) {
  return EachLane<Int8>(a, [&](int32_t x, int i) { return x + b.lane[i]; });
}
Int8 operator-(Int8 a, Int8 b) {
  return EachLane<Int8>(a, [&](int32_t x, int i) { return x - b.lane[i]; });
}
Int8 operator&(Int8 a, Int8 b) {
  return EachLane<Int8>(a, [&](int32_t x, int i) { return x & b.lane[i]; });
}
template <int kBits>
Int8 ShiftLeft(Int8 a) {
  return EachLane<Int8>(a, [](int32_t x, int) { return int32_t(uint32_t(x) << kBits); });
}
// Keeps the sign.
template <int kBits>
Int8 ShiftRight(Int8 a) {
  return EachLane<Int8>(a, [](int32_t x, int) { return x >> kBits; });
}
Float8 ToFloat(Int8 a) {
  return EachLane<Float8>(a, [](int32_t x, int) { return float(x); });
}
// To nearest even.
Int8 RoundToInt(Float8 a) {
  return EachLane<Int8>(a, [](float x, int) { return int32_t(std::lrint(x)); });
}
Int8 AsInt(Float8 a) { return std::bit_cast<Int8>(a); }
Float8 AsFloat(Int8 a) { return std::bit_cast<Float8>(a); }

}  // namespace
}  // namespace flash_slim
