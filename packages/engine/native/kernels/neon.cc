// NEON of the baseline ARMv8 (Cortex-A53, A72): products of bytes widen to 16 bits, two rows to a register.
#include "kernels/attend.h"
#include "kernels/elementwise.h"
#include "kernels/matmul_float.h"
#include "kernels/matmul_neon.h"
#include "kernels/tables.h"

namespace flash_slim {
namespace {

struct WideningMultiply {
  // Steps [first, first + count), of which 16-bit sums of `together` fit.
  template <int kFirst, int kCount, int kTogether>
  static Int8 DotSteps(const NeonQuants& q, const int8_t* x) {
    int8x8_t step[kCount];  // a step's 4 activations, for two rows
    for (int i = 0; i < kCount; ++i) {
      int32_t values;
      std::memcpy(&values, x + 4 * (kFirst + i), 4);
      step[i] = vreinterpret_s8_s32(vdup_n_s32(values));
    }
    const auto rows = [&](int half) {
      int32x4_t first = vdupq_n_s32(0), second = vdupq_n_s32(0);  // rows 0, 0, 1, 1 and 2, 2, 3, 3
      for (int i = 0; i < kCount; i += kTogether) {
        int16x8_t a = vmull_s8(vget_low_s8(q[kFirst + i][half]), step[i]);
        int16x8_t b = vmull_s8(vget_high_s8(q[kFirst + i][half]), step[i]);
        for (int j = i + 1; j < i + kTogether; ++j) {
          a = vmlal_s8(a, vget_low_s8(q[kFirst + j][half]), step[j]);
          b = vmlal_s8(b, vget_high_s8(q[kFirst + j][half]), step[j]);
        }
        first = vpadalq_s16(first, a);
        second = vpadalq_s16(second, b);
      }
      return vpaddq_s32(first, second);
    };
    return {rows(0), rows(1)};
  }

  template <WeightKind kKind>
  static Int8 Dot(const NeonQuants& q, const int8_t* x) {
    // 16-bit sums that still fit: all 8 steps of up to 5 bits (8 * 31 * 127), 2 of 8 bits (2 * 128 * 127).
    return DotSteps < 0, 8, ShapeOf(kKind).bits == 8 ? 2 : 8 > (q, x);
  }
  static Int8 DotHalf(const NeonQuants& q, const int8_t* x, int half) {
    return half == 0 ? DotSteps<0, 4, 4>(q, x) : DotSteps<4, 4, 4>(q, x);
  }
};

}  // namespace

const KernelSet kNeonKernels = {
    "neon",  Quantize, Matmul<NeonTile<WideningMultiply>>, MatmulFloat, SiluMul, GeluMul, Softcap, RmsNorm, Rotate,
    StoreKv, Attend};

}  // namespace flash_slim
