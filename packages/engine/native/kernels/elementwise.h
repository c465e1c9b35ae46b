// Quantization of activations, gates, norms, rotary positions and KV stores, once for every instruction set (lanes.h).
#pragma once
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/kernel_set.h"
#include "kernels/lanes.h"

namespace flash_slim {
namespace {

// e^x within 2 ulp: x = n ln 2 + r, |r| <= ln 2 / 2, e^r by its Taylor polynomial to r^7 (truncation below 2^-27). 2^n
// is applied in two factors, so that results fade through the subnormals to 0 and grow to infinity.
Float8 Exp(Float8 x) {
  constexpr float kRounder = 0x1.8p23f;  // adding it leaves the nearest integer in the low bits
  constexpr float kLog2E = 0x1.715476p0f;
  constexpr float kLn2High = 0x1.62e400p-1f, kLn2Low = 0x1.7f7d1cp-20f;  // n * high is exact
  x = Max(Min(x, Broadcast(89)), Broadcast(-104));                       // beyond: infinity and 0
  const Float8 shifted = Fma(x, Broadcast(kLog2E), Broadcast(kRounder));
  const Float8 n = shifted - Broadcast(kRounder);
  const Float8 r = Fma(n, Broadcast(-kLn2Low), Fma(n, Broadcast(-kLn2High), x));
  Float8 e = Broadcast(1.0f / 5040);
  for (float coefficient : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) {
    e = Fma(e, r, Broadcast(coefficient));
  }
  const Int8 exponent = AsInt(shifted) - AsInt(Broadcast(kRounder));
  const Int8 first = ShiftRight<1>(exponent), second = exponent - first;
  const Int8 one = AsInt(Broadcast(1));
  return e * AsFloat(ShiftLeft<23>(first) + one) * AsFloat(ShiftLeft<23>(second) + one);
}

float MaxOfLanes(Float8 a) {
  float lane[8];
  Store(lane, a);
  return *std::max_element(lane, lane + 8);
}
// In the order of the lanes.
float SumOfLanes(Float8 a) {
  float lane[8], sum = 0;
  Store(lane, a);
  for (float x : lane) sum += x;
  return sum;
}
int32_t SumOfLanes(Int8 a) {
  int32_t lane[8], sum = 0;
  StoreInt(lane, a);
  for (int32_t x : lane) sum += x;
  return sum;
}

void Quantize(int64_t columns, const Activations& x) {
  // 127 / max must stay finite; a block this small counts as zeros.
  constexpr float kSmallest = 127 / FLT_MAX * 2;
  for (int64_t block = 0; block < columns / kBlockValues; ++block) {
    const float* values = x.f32 + block * kBlockValues;
    Float8 v[4];
    for (int i = 0; i < 4; ++i) v[i] = Load(values + 8 * i);
    const float max = MaxOfLanes(Max(Max(Abs(v[0]), Abs(v[1])), Max(Abs(v[2]), Abs(v[3]))));
    const bool zero = max < kSmallest;
    const Float8 inverse = Broadcast(zero ? 0 : 127 / max);
    Int8 sum = BroadcastInt(0);
    for (int i = 0; i < 4; ++i) {
      const Int8 q = RoundToInt(v[i] * inverse);
      StoreInt8(x.q + block * kBlockValues + 8 * i, q);
      sum = sum + q;
    }
    x.scale[block] = zero ? 0 : max / 127;
    x.sum[block] = SumOfLanes(sum);
  }
}

Float8 SiluMul(Float8 gate, Float8 up) {
  const Float8 one = Broadcast(1);
  return gate / (one + Exp(Broadcast(0) - gate)) * up;
}
// GELU by tanh: x / 2 * (1 + tanh z) = x / (1 + e^-2z) with z = sqrt(2 / pi) * (x + 0.044715 x^3).
Float8 GeluMul(Float8 gate, Float8 up) {
  constexpr float kMinusTwoRoot = -0x1.988454p+0f;  // -2 sqrt(2 / pi)
  const Float8 one = Broadcast(1);
  const Float8 z = gate * Fma(gate * gate, Broadcast(kMinusTwoRoot * 0.044715f), Broadcast(kMinusTwoRoot));
  return gate / (one + Exp(z)) * up;
}
// function(lanes of a, lanes of b) over `count` values, the tail in a vector of its own.
template <class Function>
void EachPair(const float* a, const float* b, float* out, size_t count, Function function) {
  size_t i = 0;
  for (; i + 8 <= count; i += 8) Store(out + i, function(Load(a + i), Load(b + i)));
  if (i == count) return;
  float x[8] = {}, y[8] = {}, result[8];
  std::memcpy(x, a + i, (count - i) * sizeof(float));
  std::memcpy(y, b + i, (count - i) * sizeof(float));
  Store(result, function(Load(x), Load(y)));
  std::memcpy(out + i, result, (count - i) * sizeof(float));
}
void SiluMul(const float* gate, const float* up, float* out, size_t count) {
  EachPair(gate, up, out, count, [](Float8 g, Float8 u) { return SiluMul(g, u); });
}
void GeluMul(const float* gate, const float* up, float* out, size_t count) {
  EachPair(gate, up, out, count, [](Float8 g, Float8 u) { return GeluMul(g, u); });
}

// cap * tanh(x / cap), as cap * (1 - 2 / (1 + e^(2x / cap))).
void Softcap(float* values, size_t count, float cap) {
  const Float8 one = Broadcast(1), caps = Broadcast(cap), twice = Broadcast(2 / cap), minus_two = Broadcast(-2);
  EachPair(values, values, values, count,
           [&](Float8 x, Float8) { return caps * Fma(minus_two, one / (one + Exp(x * twice)), one); });
}

// The squares' sum keeps 8 lanes by index % 8 and adds them in order.
void RmsNorm(const float* values, const float* weights, float* out, int count, float epsilon) {
  Float8 sum = Broadcast(0);
  float tail[8] = {};
  std::memcpy(tail, values + count / 8 * 8, size_t(count % 8) * sizeof(float));
  for (int i = 0; i + 8 <= count; i += 8) sum = Fma(Load(values + i), Load(values + i), sum);
  sum = Fma(Load(tail), Load(tail), sum);
  const Float8 factor = Broadcast(1 / std::sqrt(SumOfLanes(sum) / float(count) + epsilon));
  EachPair(values, weights, out, size_t(count), [&](Float8 x, Float8 w) { return x * factor * w; });
}

// (a, b) turns to (a cos - b sin, a sin + b cos), the second product of each rounded first.
void Rotate(float* head, int rotary_dim, bool interleaved, const float* cosines, const float* sines) {
  const int half = rotary_dim / 2, step = interleaved ? 2 : 1;
  float* first = head;
  float* second = interleaved ? head + 1 : head + half;
  for (int i = 0; i < half; ++i) {
    const float a = first[i * step], b = second[i * step];
    first[i * step] = __builtin_fmaf(a, cosines[i], -(b * sines[i]));
    second[i * step] = __builtin_fmaf(a, sines[i], b * cosines[i]);
  }
}

void StoreKv(KvType type, const float* key, const float* value, int head_size, int slot, void* key_block,
             void* value_block) {
  const int64_t value_at = int64_t(slot) * head_size;
  if (type == KvType::kF32) {
    for (int d = 0; d < head_size; ++d) static_cast<float*>(key_block)[d * kKvBlockTokens + slot] = key[d];
    std::memcpy(static_cast<float*>(value_block) + value_at, value, head_size * sizeof(float));
    return;
  }
  auto* keys = static_cast<uint16_t*>(key_block);
  auto* values = static_cast<uint16_t*>(value_block) + value_at;
  for (int d = 0; d < head_size; d += 8) {
    const int count = std::min(8, head_size - d);
    float part[8] = {};
    uint16_t half[8];
    std::memcpy(part, key + d, count * sizeof(float));
    StoreHalf(half, Load(part));
    for (int i = 0; i < count; ++i) keys[(d + i) * kKvBlockTokens + slot] = half[i];
    std::memcpy(part, value + d, count * sizeof(float));
    StoreHalf(half, Load(part));
    std::memcpy(values + d, half, count * sizeof(uint16_t));
  }
}

}  // namespace
}  // namespace flash_slim
