// AVX2: maddubs multiplies unsigned with signed bytes and adds pairs in 16 bits, where it saturates. Compiled with
// -mavx2 -mfma -mf16c.
#include <immintrin.h>

#include "kernels/attend.h"
#include "kernels/elementwise.h"
#include "kernels/matmul_float.h"
#include "kernels/matmul_int8.h"
#include "kernels/tables.h"

namespace flash_slim {
namespace {

__m256i LoadBytes(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
// The 4 activations of a step, for all 8 rows.
__m256i BroadcastStep(const int8_t* q) {
  int32_t step;
  std::memcpy(&step, q, 4);
  return _mm256_set1_epi32(step);
}

struct Avx2 {
  static constexpr int kTileTokens = 4;  // with 8 registers of quants: all 16
  static constexpr int kTileRowBlocks = 1;
  static constexpr int ZeroPoint(WeightKind kind) { return kind == WeightKind::kQ4_0 ? 8 : 0; }

  template <WeightKind kKind>
  static void LoadQuants(const uint8_t* quants, __m256i (&q)[8]) {
    if constexpr (kKind == WeightKind::kQ8_0) {
      for (int i = 0; i < 8; ++i) q[i] = LoadBytes(quants + 32 * i);
    } else {
      const __m256i low = _mm256_set1_epi8(15);
      for (int i = 0; i < 4; ++i) {
        const __m256i steps = LoadBytes(quants + 32 * i);
        q[2 * i] = _mm256_and_si256(steps, low);
        q[2 * i + 1] = _mm256_and_si256(_mm256_srli_epi16(steps, 4), low);
      }
    }
  }

  template <WeightKind kKind>
  static __m256i Dot(const __m256i (&q)[8], const int8_t* x, int32_t bias) {
    const __m256i ones = _mm256_set1_epi16(1);
    if constexpr (kKind == WeightKind::kQ8_0) {
      // Signed times signed: the weight's sign moves to the activation. 2 * 128 * 127 leaves 16 bits no room for a
      // second sum, so that each step is widened at once.
      __m256i dot = _mm256_setzero_si256();
      for (int i = 0; i < 8; ++i) {
        const __m256i step = _mm256_sign_epi8(BroadcastStep(x + 4 * i), q[i]);
        dot = _mm256_add_epi32(dot, _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(q[i]), step), ones));
      }
      return dot;
    } else {
      // Eight sums of at most 2 * 15 * 127 fit 16 bits.
      __m256i sum = _mm256_maddubs_epi16(q[0], BroadcastStep(x));
      for (int i = 1; i < 8; ++i) sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(q[i], BroadcastStep(x + 4 * i)));
      const __m256i dot = _mm256_madd_epi16(sum, ones);
      return kKind == WeightKind::kQ4_0 ? _mm256_add_epi32(dot, _mm256_set1_epi32(bias)) : dot;
    }
  }

  template <WeightKind kKind, int kRowBlocks, int kTokens>
  static void MultiplyTile(const TileWeights& weights, const TileBlock<kTokens>* x, bool first, float* y, size_t ldy) {
    constexpr bool kHasMinimum = kKind == WeightKind::kQ4_1;
    __m256 sum[kTokens];
    for (int t = 0; t < kTokens; ++t) sum[t] = first ? _mm256_setzero_ps() : _mm256_loadu_ps(y + t * ldy);
    const uint8_t* w = weights.data;
    for (const auto* end = x + weights.blocks; x != end; ++x, w += BlockBytes(kKind)) {
      if constexpr (kTokens > kStreamTokens) PrefetchNext<kKind, kRowBlocks>(weights, w);
      __m256i q[8];
      LoadQuants<kKind>(w + (kHasMinimum ? 32 : 16), q);
      const __m256 scale = LoadHalf(w).v;
      for (int t = 0; t < kTokens; ++t) {
        const __m256i dot = Dot<kKind>(q, x->q[t], x->bias[t]);
        sum[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), _mm256_mul_ps(scale, _mm256_set1_ps(x->scale[t])), sum[t]);
        if constexpr (kHasMinimum) {
          sum[t] = _mm256_fmadd_ps(LoadHalf(w + 16).v, _mm256_set1_ps(x->scaled_sum[t]), sum[t]);
        }
      }
    }
    for (int t = 0; t < kTokens; ++t) _mm256_storeu_ps(y + t * ldy, sum[t]);
  }
};

}  // namespace

const KernelSet kAvx2Kernels = {"avx2",  Quantize, Matmul<Avx2>, MatmulFloat, SiluMul, GeluMul,
                                Softcap, RmsNorm,  Rotate,       StoreKv,     Attend};

}  // namespace flash_slim
