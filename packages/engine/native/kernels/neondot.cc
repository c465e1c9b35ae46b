// NEON with sdot: four signed products added to a 32-bit lane, the activations' lane chosen by the instruction.
// Compiled with -march=armv8.2-a+dotprod+fp16.
#include "kernels/attend.h"
#include "kernels/elementwise.h"
#include "kernels/matmul_float.h"
#include "kernels/matmul_neon.h"
#include "kernels/tables.h"

namespace flash_slim {
namespace {

struct Sdot {
  // Adds 4 steps from `first` on: 16 activations.
  static int32x4_t Add16(int32x4_t dot, const NeonQuants& q, int first, int rows, int8x16_t x) {
    dot = vdotq_laneq_s32(dot, q[first][rows], x, 0);
    dot = vdotq_laneq_s32(dot, q[first + 1][rows], x, 1);
    dot = vdotq_laneq_s32(dot, q[first + 2][rows], x, 2);
    return vdotq_laneq_s32(dot, q[first + 3][rows], x, 3);
  }

  template <WeightKind kKind>
  static Int8 Dot(const NeonQuants& q, const int8_t* x) {
    const int8x16_t x0 = vld1q_s8(x), x1 = vld1q_s8(x + 16);
    const auto rows = [&](int half) { return Add16(Add16(vdupq_n_s32(0), q, 0, half, x0), q, 4, half, x1); };
    return {rows(0), rows(1)};
  }
  static Int8 DotHalf(const NeonQuants& q, const int8_t* x, int half) {
    const int8x16_t x0 = vld1q_s8(x + 16 * half);
    return {Add16(vdupq_n_s32(0), q, 4 * half, 0, x0), Add16(vdupq_n_s32(0), q, 4 * half, 1, x0)};
  }
};

}  // namespace

const KernelSet kNeonDotKernels = {
    "neondot", Quantize, Matmul<NeonTile<Sdot>>, MatmulFloat, SiluMul, GeluMul, Softcap, RmsNorm, Rotate,
    StoreKv,   Attend};

}  // namespace flash_slim
