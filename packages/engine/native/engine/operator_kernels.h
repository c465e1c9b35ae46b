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
  enum class Gate { kNone, kSilu, kGelu };

  std::vector<int64_t> weights_ids;
  Gate gate = Gate::kNone;  // row blocks alternate gate, up; their activated product is the output
  float softcap = 0;        // outputs are capped as by KernelSet::softcap; 0: they are not

  // x [tokens][K], y [tokens][N]
  void Compute(PassState& state, const float* x, int64_t tokens, float* y) const;
  int64_t OutputColumns(const PassState& state) const;

  // What Compute is made of, for StreamExpertsKernel. Quantize's result is valid until it is called again.
  const Activations* Quantize(PassState& state, const float* x, int64_t tokens, int64_t columns) const;
  // y[0] is the output of row `first_row`. `adapters` may be nullptr.
  void Multiply(PassState& state, const Part& part, const Activations* activations, int64_t tokens,
                const AdapterProduct* adapters, int64_t first_row, float* y, size_t ldy) const;

 private:
  // Of the plan at hand. Workers look at it through the gate even after a product is done, so it stays as it is until
  // the next plan, whose load has joined them.
  struct Parts {
    int load_number = -1;
    const PassState* state = nullptr;
    std::vector<Part> list;
    size_t bytes = 0;
  };
  const Parts& PartsOf(const PassState& state) const;

  mutable Parts parts_;
};

// A norm by the root of the mean of squares, perhaps of a sum, which is the residual from then on.
struct RmsNormKernel {
  float epsilon = 0;

  // All [tokens][columns] but weights [columns]. addend may be nullptr: x is normed; sum too: nobody wants x + addend.
  void Compute(PassState& state, const float* x, const float* addend, const float* weights, int64_t tokens,
               int64_t columns, float* normed, float* sum) const;
};

// A mixture of experts: each token goes through the experts that its router scores highest.
struct StreamExpertsKernel {
  StreamMatMulKernel gate_up, down;                // of all experts, one after the other: WeightChunk::experts
  StreamMatMulKernel shared_gate_up, shared_down;  // of the expert that every token goes through; no ids: there is none
  int used = 0;                                    // experts a token
  bool normalized = false;                         // the chosen experts' shares add up to 1

  // x [tokens][hidden], scores [tokens][experts]; shared_gate [hidden], or nullptr: the shared expert's output counts
  // sigmoid(x . shared_gate), or 1. out [tokens][hidden]
  void Compute(PassState& state, const float* x, const float* scores, const float* shared_gate, int64_t tokens,
               float* out) const;
};

struct RaggedAttentionKernel {
  // Small weights that are part of the graph; nullptr where the model has none.
  struct Weights {
    const float* bias = nullptr;        // [(heads + 2 * kv_heads) * head_size]
    const float* query_norm = nullptr;  // [head_size], or [heads * head_size] where all heads are normed as one vector
    const float* key_norm = nullptr;    // [head_size] or [kv_heads * head_size]
    bool norm_all_heads = false;
  };

  int layer = 0, heads = 0, kv_heads = 0, head_size = 0;
  float scale = 0, softcap = 0;
  int64_t window = 0;  // positions that a token sees, its own included; 0: all
  float norm_epsilon = 0;
  // Queries grow with the position by 1 + scale * ln(1 + floor(position / context)); 0: they do not.
  float temperature_scale = 0;
  int64_t temperature_context = 1;
  int rotary_dim = 0;  // 0: nothing rotates
  bool interleaved = false;
  Turns turns;       // [rotary_dim / 2]
  Turns long_turns;  // for contexts beyond short_context; empty: the same for all
  int64_t short_context = 0;

  // qkv [tokens][(heads + 2 * kv_heads) * head_size], out [tokens][heads * head_size]
  void Compute(PassState& state, const float* qkv, const Weights& weights, float* out) const;
};

}  // namespace flash_slim
