#include "engine/operator_kernels.h"

namespace flash_slim {

void RmsNormKernel::Compute(PassState& state, const float* x, const float* addend, const float* weights,
                            int64_t tokens, int64_t columns, float* normed, float* sum) const {
  state.pool->ForEach(tokens, [&](int64_t t) {
    const int64_t at = t * columns;
    const float* values = x + at;
    if (addend) {
      float* const sums = (sum ? sum : normed) + at;
      for (int64_t i = 0; i < columns; i++) sums[i] = values[i] + addend[at + i];
      values = sums;
    }
    state.kernels->rms_norm(values, weights, normed + at, int(columns), epsilon);
  });
}

}  // namespace flash_slim
