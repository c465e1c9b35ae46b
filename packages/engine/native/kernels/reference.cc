// The table that every other is held against, for the baseline CPU: the quantized product is the definition itself, one
// value at a time; the rest is the shared algorithms on lanes in plain C++.
#define FLASH_SLIM_SCALAR_LANES
#include <cmath>
#include <cstring>

#include "kernels/attend.h"
#include "kernels/elementwise.h"
#include "kernels/half.h"
#include "kernels/matmul_float.h"
#include "kernels/tables.h"

namespace flash_slim {
namespace {

float HalfAt(const uint8_t* p) {
  uint16_t half;
  std::memcpy(&half, p, 2);
  return HalfToFloat(half);
}

int QuantAt(WeightKind kind, const uint8_t* quants, int row, int k) {
  if (kind == WeightKind::kQ8_0) return int8_t(quants[k / 4 * 32 + row * 4 + k % 4]);
  const int nibble = quants[k / 8 * 32 + row * 4 + k % 4] >> (k & 4) & 15;
  return kind == WeightKind::kQ4_0 ? nibble - 8 : nibble;
}

float DotRow(WeightKind kind, const uint8_t* block, int64_t blocks, int row, const Activations& x) {
  const bool has_minimum = kind == WeightKind::kQ4_1;
  float sum = 0;
  for (int64_t b = 0; b < blocks; ++b, block += BlockBytes(kind)) {
    const uint8_t* quants = block + (has_minimum ? 32 : 16);
    int32_t dot = 0;
    for (int k = 0; k < kBlockValues; ++k) dot += QuantAt(kind, quants, row, k) * x.q[b * kBlockValues + k];
    sum = std::fma(float(dot), HalfAt(block + 2 * row) * x.scale[b], sum);
    if (has_minimum) sum = std::fma(HalfAt(block + 16 + 2 * row), x.scale[b] * float(x.sum[b]), sum);
  }
  return sum;
}

void Matmul(WeightKind kind, const uint8_t* w, int64_t columns, int64_t row_blocks, const Activations* x, int tokens,
            float* y, size_t ldy) {
  if (kind == WeightKind::kF32 || kind == WeightKind::kF16) {
    return MatmulFloat(kind, w, columns, row_blocks, x, tokens, y, ldy);
  }
  for (int64_t rb = 0; rb < row_blocks; ++rb) {
    const uint8_t* row_block = w + rb * RowBlockBytes(kind, columns);
    for (int t = 0; t < tokens; ++t) {
      for (int row = 0; row < kRowsPerBlock; ++row) {
        y[t * ldy + rb * kRowsPerBlock + row] = DotRow(kind, row_block, columns / kBlockValues, row, x[t]);
      }
    }
  }
}

}  // namespace

const KernelSet kReferenceKernels = {"reference", Quantize, Matmul, MatmulFloat, SiluMul, GeluMul,
                                     Softcap,     RmsNorm,  Rotate, StoreKv,     Attend};

}  // namespace flash_slim
