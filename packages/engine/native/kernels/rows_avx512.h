// AVX-512 registers that hold one or two row blocks side by side, behind one set of names. `next`: from the first row
// block's bytes to the second's.
#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace flash_slim {
namespace {

template <int kRowBlocks>
struct Rows;

template <>
struct Rows<1> {
  using Float = __m256;
  using Int = __m256i;
  static Int LoadBytes(const uint8_t* p, size_t) { return _mm256_loadu_si256(reinterpret_cast<const Int*>(p)); }
  static Float LoadHalves(const uint8_t* p, size_t) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Float LoadFloats(const uint8_t* p, size_t) { return _mm256_loadu_ps(reinterpret_cast<const float*>(p)); }
  // 8 bytes a row block, one to a lane.
  static __m128i LoadBytes8(const void* p, size_t) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
  static Int Widen(__m128i bytes) { return _mm256_cvtepu8_epi32(bytes); }
  static Int WidenSigned(__m128i bytes) { return _mm256_cvtepi8_epi32(bytes); }
  static Float Load(const float* p) { return _mm256_loadu_ps(p); }
  static void Store(float* p, Float a) { _mm256_storeu_ps(p, a); }
  static Float Broadcast(float value) { return _mm256_set1_ps(value); }
  static Int Broadcast(int32_t value) { return _mm256_set1_epi32(value); }
  static Int LowNibbles(Int a) { return _mm256_and_si256(a, _mm256_set1_epi8(15)); }
  static Int HighNibbles(Int a) { return LowNibbles(_mm256_srli_epi16(a, 4)); }
  template <int kBits>
  static Int ShiftLeft(Int a) {
    return _mm256_slli_epi16(a, kBits);
  }
  template <int kBits>
  static Int ShiftRight(Int a) {
    return _mm256_srli_epi16(a, kBits);
  }
  static Int OrMasked(Int a, Int b, int8_t mask) {
    return _mm256_ternarylogic_epi32(a, b, _mm256_set1_epi8(mask), 0xf8);
  }
  static Int FlipSigns(Int a) { return _mm256_xor_si256(a, _mm256_set1_epi8(-128)); }
  static Int Dot(Int sum, Int weights, Int x) { return _mm256_dpbusd_epi32(sum, weights, x); }
  static Int DotPairs(Int sum, Int a, Int b) { return _mm256_dpwssd_epi32(sum, a, b); }
  static Int Add(Int a, Int b) { return _mm256_add_epi32(a, b); }
  static Int Multiply(Int a, Int b) { return _mm256_mullo_epi32(a, b); }
  // 16-bit pairs (a, b) of each lane.
  static Int Pairs(Int a, Int b) { return _mm256_mask_blend_epi16(0xaaaa, a, _mm256_slli_epi32(b, 16)); }
  static Float ToFloat(Int a) { return _mm256_cvtepi32_ps(a); }
  static Float Multiply(Float a, Float b) { return _mm256_mul_ps(a, b); }
  static Float Fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
};

template <>
struct Rows<2> {
  using Float = __m512;
  using Int = __m512i;
  static Int LoadBytes(const uint8_t* p, size_t next) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(Rows<1>::LoadBytes(p, 0)), Rows<1>::LoadBytes(p + next, 0), 1);
  }
  static Float LoadHalves(const uint8_t* p, size_t next) {
    const __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i second = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + next));
    return _mm512_cvtph_ps(_mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1));
  }
  static Float LoadFloats(const uint8_t* p, size_t next) {
    const __m512d first = _mm512_castps_pd(_mm512_castps256_ps512(Rows<1>::LoadFloats(p, 0)));
    return _mm512_castpd_ps(_mm512_insertf64x4(first, _mm256_castps_pd(Rows<1>::LoadFloats(p + next, 0)), 1));
  }
  static __m128i LoadBytes8(const void* p, size_t next) {
    return _mm_unpacklo_epi64(Rows<1>::LoadBytes8(p, 0), Rows<1>::LoadBytes8(static_cast<const uint8_t*>(p) + next, 0));
  }
  static Int Widen(__m128i bytes) { return _mm512_cvtepu8_epi32(bytes); }
  static Int WidenSigned(__m128i bytes) { return _mm512_cvtepi8_epi32(bytes); }
  static Float Load(const float* p) { return _mm512_loadu_ps(p); }
  static void Store(float* p, Float a) { _mm512_storeu_ps(p, a); }
  static Float Broadcast(float value) { return _mm512_set1_ps(value); }
  static Int Broadcast(int32_t value) { return _mm512_set1_epi32(value); }
  static Int LowNibbles(Int a) { return _mm512_and_si512(a, _mm512_set1_epi8(15)); }
  static Int HighNibbles(Int a) { return LowNibbles(_mm512_srli_epi16(a, 4)); }
  template <int kBits>
  static Int ShiftLeft(Int a) {
    return _mm512_slli_epi16(a, kBits);
  }
  template <int kBits>
  static Int ShiftRight(Int a) {
    return _mm512_srli_epi16(a, kBits);
  }
  static Int OrMasked(Int a, Int b, int8_t mask) {
    return _mm512_ternarylogic_epi32(a, b, _mm512_set1_epi8(mask), 0xf8);
  }
  static Int FlipSigns(Int a) { return _mm512_xor_si512(a, _mm512_set1_epi8(-128)); }
  static Int Dot(Int sum, Int weights, Int x) { return _mm512_dpbusd_epi32(sum, weights, x); }
  static Int DotPairs(Int sum, Int a, Int b) { return _mm512_dpwssd_epi32(sum, a, b); }
  static Int Add(Int a, Int b) { return _mm512_add_epi32(a, b); }
  static Int Multiply(Int a, Int b) { return _mm512_mullo_epi32(a, b); }
  // 16-bit pairs (a, b) of each lane.
  static Int Pairs(Int a, Int b) { return _mm512_mask_blend_epi16(0xaaaaaaaa, a, _mm512_slli_epi32(b, 16)); }
  static Float ToFloat(Int a) { return _mm512_cvtepi32_ps(a); }
  static Float Multiply(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static Float Fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
};

}  // namespace
}  // namespace flash_slim
