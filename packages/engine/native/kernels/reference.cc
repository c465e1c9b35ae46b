// The table that every other is held against, for the baseline CPU: the quantized product is the definition itself, one
// value at a time; the rest is the shared algorithms on lanes in plain C++.
#define FLASH_SLIM_SCALAR_LANES
#include <cmath>

#include "kernels/attend.h"
#include "kernels/block.h"
#include "kernels/elementwise.h"
#include "kernels/matmul_float.h"
#include "kernels/tables.h"

namespace flash_slim {
namespace {

float DotRow(WeightKind kind, const uint8_t* block, int64_t columns, int row, const Activations& x) {
  const int sub_blocks = ShapeOf(kind).values / kBlockValues;
  float sum = 0;
  for (int64_t b = 0; b < columns / kBlockValues; ++b) {  // blocks of activations
    const int s = int(b % sub_blocks);
    const uint8_t* quants = block + HeadBytes(kind) + s * QuantBytes(kind);
    int32_t dot = 0;
    for (int k = 0; k < kBlockValues; ++k) {
      const int factor = kind == WeightKind::kQ6_K ? HalfScaleAt(block + 16, row, 2 * s + k / 16) : 1;
      dot += factor * QuantAt(kind, quants, row, k) * x.q[b * kBlockValues + k];
    }
    sum = std::fma(float(dot), ScaleAt(kind, block, row, s) * x.scale[b], sum);
    if (HasMinimum(kind)) sum = std::fma(MinimumAt(kind, block, row, s), x.scale[b] * float(x.sum[b]), sum);
    if (s == sub_blocks - 1) block += BlockBytes(kind);
  }
  return sum;
}

void Matmul(WeightKind kind, const uint8_t* w, int64_t columns, int64_t row_blocks, const Activations* x, int tokens,
            float* y, size_t ldy) {
  if (IsFloat(kind)) return MatmulFloat(kind, w, columns, row_blocks, x, tokens, y, ldy);
  for (int64_t rb = 0; rb < row_blocks; ++rb) {
    const uint8_t* row_block = w + rb * RowBlockBytes(kind, columns);
    for (int t = 0; t < tokens; ++t) {
      for (int row = 0; row < kRowsPerBlock; ++row) {
        y[t * ldy + rb * kRowsPerBlock + row] = DotRow(kind, row_block, columns, row, x[t]);
      }
    }
  }
}

}  // namespace

const KernelSet kReferenceKernels = {"reference", Quantize, Matmul, MatmulFloat, SiluMul, GeluMul,
                                     Softcap,     RmsNorm,  Rotate, StoreKv,     Attend};

}  // namespace flash_slim
