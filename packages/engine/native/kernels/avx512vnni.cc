// AVX-512 VNNI: dpbusd multiplies four unsigned with four signed bytes and adds them to a 32-bit lane, exactly. Weights
// are made unsigned, and bias takes the zero point's share out again. Two row blocks fill a 512-bit register; its eight
// broadcasts of activations serve 16 rows. Compiled with -mavx512{f,vl,bw,vnni} besides AVX2's flags.
#include <immintrin.h>

#include "kernels/attend.h"
#include "kernels/elementwise.h"
#include "kernels/matmul_float.h"
#include "kernels/matmul_int8.h"
#include "kernels/tables.h"

namespace flash_slim {
namespace {

// The registers that hold one or two row blocks side by side.
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
  static Float Load(const float* p) { return _mm256_loadu_ps(p); }
  static void Store(float* p, Float a) { _mm256_storeu_ps(p, a); }
  static Float Broadcast(float value) { return _mm256_set1_ps(value); }
  static Int Broadcast(int32_t value) { return _mm256_set1_epi32(value); }
  static Int LowNibbles(Int a) { return _mm256_and_si256(a, _mm256_set1_epi8(15)); }
  static Int HighNibbles(Int a) { return LowNibbles(_mm256_srli_epi16(a, 4)); }
  static Int FlipSigns(Int a) { return _mm256_xor_si256(a, _mm256_set1_epi8(-128)); }
  static Int Dot(Int sum, Int weights, Int x) { return _mm256_dpbusd_epi32(sum, weights, x); }
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
  static Float Load(const float* p) { return _mm512_loadu_ps(p); }
  static void Store(float* p, Float a) { _mm512_storeu_ps(p, a); }
  static Float Broadcast(float value) { return _mm512_set1_ps(value); }
  static Int Broadcast(int32_t value) { return _mm512_set1_epi32(value); }
  static Int LowNibbles(Int a) { return _mm512_and_si512(a, _mm512_set1_epi8(15)); }
  static Int HighNibbles(Int a) { return LowNibbles(_mm512_srli_epi16(a, 4)); }
  static Int FlipSigns(Int a) { return _mm512_xor_si512(a, _mm512_set1_epi8(-128)); }
  static Int Dot(Int sum, Int weights, Int x) { return _mm512_dpbusd_epi32(sum, weights, x); }
  static Float ToFloat(Int a) { return _mm512_cvtepi32_ps(a); }
  static Float Multiply(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static Float Fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
};

struct Avx512Vnni {
  static constexpr int kTileTokens = 8;  // 16 fit the 32 registers too, and are slower
  static constexpr int kTileRowBlocks = 2;
  static constexpr int ZeroPoint(WeightKind kind) {
    return kind == WeightKind::kQ4_0 ? 8 : kind == WeightKind::kQ8_0 ? 128 : 0;
  }

  template <WeightKind kKind, int kRowBlocks, int kTokens>
  static void MultiplyTile(const TileWeights& weights, const TileBlock<kTokens>* x, bool first, float* y, size_t ldy) {
    using R = Rows<kRowBlocks>;
    constexpr bool kHasMinimum = kKind == WeightKind::kQ4_1;
    const size_t next = weights.row_block_bytes;
    typename R::Float sum[kTokens];
    for (int t = 0; t < kTokens; ++t) sum[t] = first ? R::Broadcast(0.0f) : R::Load(y + t * ldy);
    const uint8_t* w = weights.data;
    for (const auto* end = x + weights.blocks; x != end; ++x, w += BlockBytes(kKind)) {
      const uint8_t* quants = w + (kHasMinimum ? 32 : 16);
      if constexpr (kRowBlocks > 1) PrefetchNext<kKind, kRowBlocks>(weights, w);
      typename R::Int q[8];
      if constexpr (kKind == WeightKind::kQ8_0) {
        for (int i = 0; i < 8; ++i) q[i] = R::FlipSigns(R::LoadBytes(quants + 32 * i, next));
      } else {
        for (int i = 0; i < 4; ++i) {
          const auto steps = R::LoadBytes(quants + 32 * i, next);
          q[2 * i] = R::LowNibbles(steps);
          q[2 * i + 1] = R::HighNibbles(steps);
        }
      }
      const auto scale = R::LoadHalves(w, next);
      for (int t = 0; t < kTokens; ++t) {
        auto dot = R::Broadcast(x->bias[t]);
        for (int i = 0; i < 8; ++i) {
          int32_t step;
          std::memcpy(&step, x->q[t] + 4 * i, 4);
          dot = R::Dot(dot, q[i], R::Broadcast(step));
        }
        sum[t] = R::Fma(R::ToFloat(dot), R::Multiply(scale, R::Broadcast(x->scale[t])), sum[t]);
        if constexpr (kHasMinimum) {
          sum[t] = R::Fma(R::LoadHalves(w + 16, next), R::Broadcast(x->scaled_sum[t]), sum[t]);
        }
      }
    }
    for (int t = 0; t < kTokens; ++t) R::Store(y + t * ldy, sum[t]);
  }
};

}  // namespace

const KernelSet kAvx512VnniKernels = {
    "avx512vnni", Quantize, Matmul<Avx512Vnni>, MatmulFloat, SiluMul, GeluMul, Softcap, RmsNorm, Rotate,
    StoreKv,      Attend};

}  // namespace flash_slim
