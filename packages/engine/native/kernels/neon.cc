// NEON of the baseline ARMv8 (Cortex-A53, A72): products of bytes widen to 16 bits, two rows to a register.
#include "kernels/attend.h"
#include "kernels/elementwise.h"
#include "kernels/matmul_float.h"
#include "kernels/matmul_neon.h"
#include "kernels/tables.h"

namespace flash_slim {
namespace {

struct WideningMultiply {
  template <WeightKind kKind>
  static Int8 Dot(const NeonQuants& q, const int8_t* x) {
    // 16-bit sums that still fit: all 8 steps of 4-bit weights (8 * 15 * 127), 2 of 8-bit ones (2 * 128 * 127).
    constexpr int kSteps = kKind == WeightKind::kQ8_0 ? 2 : 8;
    int8x8_t step[8];  // a step's 4 activations, for two rows
    for (int i = 0; i < 8; ++i) {
      int32_t values;
      std::memcpy(&values, x + 4 * i, 4);
      step[i] = vreinterpret_s8_s32(vdup_n_s32(values));
    }
    const auto rows = [&](int half) {
      int32x4_t first = vdupq_n_s32(0), second = vdupq_n_s32(0);  // rows 0, 0, 1, 1 and 2, 2, 3, 3
      for (int i = 0; i < 8; i += kSteps) {
        int16x8_t a = vmull_s8(vget_low_s8(q[i][half]), step[i]);
        int16x8_t b = vmull_s8(vget_high_s8(q[i][half]), step[i]);
        for (int j = i + 1; j < i + kSteps; ++j) {
          a = vmlal_s8(a, vget_low_s8(q[j][half]), step[j]);
          b = vmlal_s8(b, vget_high_s8(q[j][half]), step[j]);
        }
        first = vpadalq_s16(first, a);
        second = vpadalq_s16(second, b);
      }
      return vpaddq_s32(first, second);
    };
    return {rows(0), rows(1)};
  }
};

}  // namespace

const KernelSet kNeonKernels = {
    "neon",  Quantize, Matmul<NeonTile<WideningMultiply>>, MatmulFloat, SiluMul, GeluMul, Softcap, RmsNorm, Rotate,
    StoreKv, Attend};

}  // namespace flash_slim
