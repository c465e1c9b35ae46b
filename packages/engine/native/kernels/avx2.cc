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

// 16-bit pairs (a, b) of each 32-bit lane.
__m256i Pairs(Int8 a, Int8 b) { return _mm256_blend_epi16(a.v, _mm256_slli_epi32(b.v, 16), 0xaa); }

struct Avx2 {
  static constexpr int kTileTokens = 4;  // with 8 registers of quants: all 16
  static constexpr int kTileRowBlocks = 1;
  static constexpr int ZeroPoint(WeightKind kind) { return ShapeOf(kind).zero_point; }

  // One step to a register; unsigned but for Q8_0.
  template <WeightKind kKind>
  static void LoadQuants(const uint8_t* quants, __m256i (&q)[8]) {
    constexpr int kBits = ShapeOf(kKind).bits;
    if constexpr (kBits == 8) {
      for (int i = 0; i < 8; ++i) q[i] = LoadBytes(quants + 32 * i);
      return;
    }
    const __m256i low = _mm256_set1_epi8(15);
    for (int i = 0; i < 4; ++i) {
      const __m256i steps = LoadBytes(quants + 32 * i);
      q[2 * i] = _mm256_and_si256(steps, low);
      q[2 * i + 1] = _mm256_and_si256(_mm256_srli_epi16(steps, 4), low);
    }
    const auto add_high = [&q](int step, __m256i at_bit_4, int8_t mask) {
      q[step] = _mm256_or_si256(q[step], _mm256_and_si256(at_bit_4, _mm256_set1_epi8(mask)));
    };
    if constexpr (kBits == 5) {
      const __m256i high = LoadBytes(quants + 128);
      for (int i = 0; i < 4; ++i) add_high(i, _mm256_slli_epi16(high, 4 - i), 16);
      for (int i = 4; i < 8; ++i) add_high(i, _mm256_srli_epi16(high, i - 4), 16);
    } else if constexpr (kBits == 6) {
      for (int i = 0; i < 8; i += 4) {
        const __m256i high = LoadBytes(quants + 128 + 8 * i);
        add_high(i, _mm256_slli_epi16(high, 4), 48);
        add_high(i + 1, _mm256_slli_epi16(high, 2), 48);
        add_high(i + 2, high, 48);
        add_high(i + 3, _mm256_srli_epi16(high, 2), 48);
      }
    }
  }

  // The 16-bit sums of `count` steps from `first` on.
  static __m256i Sum16(const __m256i (&q)[8], const int8_t* x, int first, int count) {
    __m256i sum = _mm256_maddubs_epi16(q[first], BroadcastStep(x + 4 * first));
    for (int i = first + 1; i < first + count; ++i) {
      sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(q[i], BroadcastStep(x + 4 * i)));
    }
    return sum;
  }
  template <WeightKind kKind>
  static __m256i Dot(const __m256i (&q)[8], const int8_t* x, int32_t bias) {
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i dot = _mm256_setzero_si256();
    if constexpr (ShapeOf(kKind).bits == 8) {
      // Signed times signed: the weight's sign moves to the activation. 2 * 128 * 127 leaves 16 bits no room for a
      // second sum, so that each step is widened at once.
      for (int i = 0; i < 8; ++i) {
        const __m256i step = _mm256_sign_epi8(BroadcastStep(x + 4 * i), q[i]);
        dot = _mm256_add_epi32(dot, _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(q[i]), step), ones));
      }
      return dot;
    } else {
      // Sums of at most 2 * 15 * 127 fit 16 bits eight times, of 2 * 31 * 127 four times.
      constexpr int kSteps = ShapeOf(kKind).bits == 4 ? 8 : 4;
      for (int i = 0; i < 8; i += kSteps) {
        dot = _mm256_add_epi32(dot, _mm256_madd_epi16(Sum16(q, x, i, kSteps), ones));
      }
      return ZeroPoint(kKind) ? _mm256_add_epi32(dot, _mm256_set1_epi32(bias)) : dot;
    }
  }
  // Q6_K: two sums of 2 * 63 * 127 fit, and what widens them multiplies by the scales of the first and second 16 values
  // at the same time. At most 2^24 all together, so that converting it to float is exact.
  struct HalfScales {
    __m256i first, second, both;  // 16-bit pairs of each row: (first, first), (second, second), twice (first, second)
  };
  static __m256i DotHalves(const __m256i (&q)[8], const int8_t* x, int32_t bias, const HalfScales& scales) {
    __m256i dot = _mm256_madd_epi16(scales.both, _mm256_set1_epi32(bias));
    for (int i = 0; i < 8; i += 2) {
      dot = _mm256_add_epi32(dot, _mm256_madd_epi16(Sum16(q, x, i, 2), i < 4 ? scales.first : scales.second));
    }
    return dot;
  }

  template <WeightKind kKind, int kRowBlocks, int kTokens>
  static void MultiplyTile(const TileWeights& weights, const TileBlock<kTokens>* x, bool first, float* y, size_t ldy) {
    __m256 sum[kTokens];
    for (int t = 0; t < kTokens; ++t) sum[t] = first ? _mm256_setzero_ps() : _mm256_loadu_ps(y + t * ldy);
    const uint8_t* w = weights.data;
    for (const auto* end = x + weights.blocks; x != end; w += BlockBytes(kKind)) {
      const BlockHead<kKind> head(w);
      const uint8_t* quants = w + HeadBytes(kKind);
      for (int s = 0; s < ShapeOf(kKind).values / kBlockValues; ++s, ++x, quants += QuantBytes(kKind)) {
        if constexpr (kTokens > kStreamTokens) PrefetchNext<kKind, kRowBlocks>(weights, w, s);
        __m256i q[8];
        LoadQuants<kKind>(quants, q);
        const __m256 scale = head.Scale(s).v, minimum = head.Minimum(s).v;
        HalfScales halves;
        if constexpr (kKind == WeightKind::kQ6_K) {
          const Int8 a = head.HalfScale(s, 0), b = head.HalfScale(s, 1);
          halves = {Pairs(a, a), Pairs(b, b), Pairs(a + a, b + b)};
        }
        for (int t = 0; t < kTokens; ++t) {
          __m256i dot;
          if constexpr (kKind == WeightKind::kQ6_K)
            dot = DotHalves(q, x->q[t], x->bias[t], halves);
          else
            dot = Dot<kKind>(q, x->q[t], x->bias[t]);
          sum[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), _mm256_mul_ps(scale, _mm256_set1_ps(x->scale[t])), sum[t]);
          if constexpr (HasMinimum(kKind)) {
            sum[t] = _mm256_fmadd_ps(minimum, _mm256_set1_ps(x->scaled_sum[t]), sum[t]);
          }
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
