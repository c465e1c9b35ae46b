// The computations behind the operators, apart from ONNX Runtime's calling convention.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/pass_state.h"

namespace flash_slim {

struct GatherRowsKernel {
  int weights_id = 0;
  // out [count][columns]
  void Compute(PassState& state, const int64_t* ids, int64_t count, float* out) const;
  int64_t Columns(const PassState& state) const { return state.controller->chunk(weights_id).columns; }
};

class StreamMatMulKernel {
 public:
  // One of PassState::parts_per_group shares of a group's rows; `column` is where its chunk's output begins.
  struct Part {
    int group;
    int index;
    size_t column;
  };

  std::vector<int64_t> weights_ids;
  bool silu_mul = false;

  // x [tokens][K], y [tokens][N]
  void Compute(PassState& state, const float* x, int64_t tokens, float* y) const;
  int64_t OutputColumns(const PassState& state) const;

 private:
  void Quantize(PassState& state, const float* x, int64_t tokens, int64_t columns) const;
  void Multiply(PassState& state, const Part& part, const Activations* activations, int64_t tokens, float* y, size_t ldy,
                uint64_t* stall_ns) const;
};

struct RaggedAttentionKernel {
  int layer = 0, heads = 0, kv_heads = 0, head_size = 0, rotary_dim = 0;
  bool interleaved = false;
  float scale = 0;
  std::vector<float> inverse_frequencies;  // [rotary_dim / 2]

  // qkv [tokens][(heads + 2 * kv_heads) * head_size], out [tokens][heads * head_size]
  void Compute(PassState& state, const float* qkv, float* out) const;
};

}  // namespace flash_slim
