// What the engine asks of a CPU: one table of functions per instruction set, chosen once at start.
//
// Every table gives the same bits. The integer part of a quantized product is exact; each row adds its blocks in order,
// one fma per block (and one more for a minimum); float kinds keep four partial sums by k % 4 and add them as
// (a0 + a1) + (a2 + a3). Attention works in 8 lanes with a fixed order. A new weight kind is added in layout.h and in
// each table; kernels_test holds every table against the reference.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/layout.h"

namespace flash_slim {

// One token's activations, quantized to int8 per 32 values as llama.cpp does (Q8_0, symmetric), or float for kinds and
// modes that multiply in float. Pointers into buffers that the caller owns.
struct Activations {
  const float* f32;  // [K]
  int8_t* q;         // [K]
  float* scale;      // [K / 32]
  int32_t* sum;      // [K / 32] sum of q over the block
};

enum class KvType : uint8_t { kF32 = 0, kF16 = 1 };

// Tokens per KV block. Within a block, for one layer and one KV head, keys lie transposed [head_size][kKvBlockTokens]
// (scores of 8 tokens fill one vector) and values [kKvBlockTokens][head_size].
constexpr int kKvBlockTokens = 32;

struct KernelSet {
  const char* name;  // reference, avx2, avx512vnni, neon, neondot

  // Fills q, scale and sum from x.f32. scale = max|x| / 127, q = round to nearest even of x * (127 / max|x|).
  void (*quantize)(int64_t columns, const Activations& x);

  // y[t * ldy + 8 * (rb - rb0) + r] = row (8 * rb + r) of w times token t, for row blocks rb0 <= rb < rb1 and tokens
  // 0 <= t < tokens. `w` points at row block rb0. Quantized kinds use x[t].q; F16 and F32 use x[t].f32.
  void (*matmul)(WeightKind kind, const uint8_t* w, int64_t columns, int64_t row_blocks, const Activations* x,
                 int tokens, float* y, size_t ldy);
  // The same product with float activations for every kind: weights are expanded exactly to float; sums as F32's.
  void (*matmul_f32)(WeightKind kind, const uint8_t* w, int64_t columns, int64_t row_blocks, const Activations* x,
                     int tokens, float* y, size_t ldy);

  // out[i] = gate[i] / (1 + exp(-gate[i])) * up[i]
  void (*silu_mul)(const float* gate, const float* up, float* out, size_t count);
  // out[i] = gelu(gate[i]) * up[i], GELU in its approximation by tanh.
  void (*gelu_mul)(const float* gate, const float* up, float* out, size_t count);
  // values[i] = cap * tanh(values[i] / cap)
  void (*softcap)(float* values, size_t count, float cap);
  // out[i] = values[i] * weights[i] / sqrt(mean of squares + epsilon); out may be values.
  void (*rms_norm)(const float* values, const float* weights, float* out, int count, float epsilon);

  // Rotates `rotary_dim` leading values of one head in place. interleaved: pairs are (2i, 2i + 1), else (i, i + dim/2).
  void (*rotate)(float* head, int rotary_dim, bool interleaved, const float* cosines, const float* sines);

  // Writes one token's key and value of one KV head into position `slot` of a block (layout above).
  void (*store_kv)(KvType type, const float* key, const float* value, int head_size, int slot, void* key_block,
                   void* value_block);

  // Attention of `query_count` query heads that share one KV head, for one token that sees the positions
  // [first, last): queries [query_count][head_size], out the same shape; scores are scaled, then capped as by softcap
  // unless it is 0; `scores` is scratch of
  // query_count * round_up(last - first / kKvBlockTokens * kKvBlockTokens, kKvBlockTokens) floats.
  // key_blocks[i] and value_blocks[i] hold positions i * kKvBlockTokens and up.
  void (*attend)(KvType type, const float* queries, int query_count, int head_size, float scale, float softcap,
                 const void* const* key_blocks, const void* const* value_blocks, int64_t first, int64_t last,
                 float* scores, float* out);
};

// The tables this CPU can run, best first; the last is always "reference".
std::vector<const KernelSet*> AvailableKernels();
// The table of that name, or the best for "auto"; nullptr when it is unknown or this CPU cannot run it.
const KernelSet* FindKernels(const std::string& name);

}  // namespace flash_slim
