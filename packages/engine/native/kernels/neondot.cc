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
  template <WeightKind kKind>
  static Int8 Dot(const NeonQuants& q, const int8_t* x) {
    const int8x16_t x0 = vld1q_s8(x), x1 = vld1q_s8(x + 16);
    const auto rows = [&](int half) {
      int32x4_t dot = vdupq_n_s32(0);
      dot = vdotq_laneq_s32(dot, q[0][half], x0, 0);
      dot = vdotq_laneq_s32(dot, q[1][half], x0, 1);
      dot = vdotq_laneq_s32(dot, q[2][half], x0, 2);
      dot = vdotq_laneq_s32(dot, q[3][half], x0, 3);
      dot = vdotq_laneq_s32(dot, q[4][half], x1, 0);
      dot = vdotq_laneq_s32(dot, q[5][half], x1, 1);
      dot = vdotq_laneq_s32(dot, q[6][half], x1, 2);
      return vdotq_laneq_s32(dot, q[7][half], x1, 3);
    };
    return {rows(0), rows(1)};
  }
};

}  // namespace

const KernelSet kNeonDotKernels = {
    "neondot", Quantize, Matmul<NeonTile<Sdot>>, MatmulFloat, SiluMul, GeluMul, Softcap, RmsNorm, Rotate,
    StoreKv,   Attend};

}  // namespace flash_slim
