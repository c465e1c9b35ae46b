// The lanes on AVX2, FMA and F16C; AVX-512 uses the same with more registers.
#pragma once
#include <immintrin.h>

#include <cstdint>

namespace flash_slim {
namespace {

struct Float8 {
  __m256 v;
};
struct Int8 {
  __m256i v;
};
// Tokens of a tile of the float product, and query heads that share a KV block: 4 sums each, of 16 or 32 registers.
#if defined(__AVX512VL__)
constexpr int kFloatTileTokens = 6, kAttendHeads = 4;
#else
constexpr int kFloatTileTokens = 3, kAttendHeads = 2;
#endif

inline Float8 Broadcast(float value) { return {_mm256_set1_ps(value)}; }
inline Int8 BroadcastInt(int32_t value) { return {_mm256_set1_epi32(value)}; }
inline Float8 Load(const void* p) { return {_mm256_loadu_ps(static_cast<const float*>(p))}; }
inline Int8 LoadInt(const void* p) { return {_mm256_loadu_si256(static_cast<const __m256i*>(p))}; }
inline void Store(float* p, Float8 a) { _mm256_storeu_ps(p, a.v); }
inline void StoreInt(int32_t* p, Int8 a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.v); }
inline Float8 LoadHalf(const void* p) { return {_mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p)))}; }
inline Float8 LoadBfloat16(const void* p) {
  const __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(words, 16))};
}
// 8 bytes, one to a lane.
inline Int8 LoadUnsignedBytes(const void* p) {
  return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)))};
}
inline Int8 LoadSignedBytes(const void* p) {
  return {_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)))};
}
inline void StoreHalf(uint16_t* p, Float8 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT));
}
// Lanes within int8's range.
inline void StoreInt8(int8_t* p, Int8 a) {
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
}

inline Float8 operator+(Float8 a, Float8 b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Float8 operator-(Float8 a, Float8 b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline Float8 operator*(Float8 a, Float8 b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline Float8 operator/(Float8 a, Float8 b) { return {_mm256_div_ps(a.v, b.v)}; }
// a * b + c, rounded once
inline Float8 Fma(Float8 a, Float8 b, Float8 c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline Float8 Max(Float8 a, Float8 b) { return {_mm256_max_ps(a.v, b.v)}; }
inline Float8 Min(Float8 a, Float8 b) { return {_mm256_min_ps(a.v, b.v)}; }
inline Float8 Abs(Float8 a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }

inline Int8 operator+(Int8 a, Int8 b) { return {_mm256_add_epi32(a.v, b.v)}; }
inline Int8 operator-(Int8 a, Int8 b) { return {_mm256_sub_epi32(a.v, b.v)}; }
inline Int8 operator&(Int8 a, Int8 b) { return {_mm256_and_si256(a.v, b.v)}; }
template <int kBits>
inline Int8 ShiftLeft(Int8 a) {
  return {_mm256_slli_epi32(a.v, kBits)};
}
// Keeps the sign.
template <int kBits>
inline Int8 ShiftRight(Int8 a) {
  return {_mm256_srai_epi32(a.v, kBits)};
}
inline Float8 ToFloat(Int8 a) { return {_mm256_cvtepi32_ps(a.v)}; }
// To nearest even.
inline Int8 RoundToInt(Float8 a) { return {_mm256_cvtps_epi32(a.v)}; }
inline Int8 AsInt(Float8 a) { return {_mm256_castps_si256(a.v)}; }
inline Float8 AsFloat(Int8 a) { return {_mm256_castsi256_ps(a.v)}; }

}  // namespace
}  // namespace flash_slim
