// Compute threads go through a matrix's groups side by side, each on its share of every group's rows, so that one dispatch
// serves the whole matrix and a group is read once for all threads and tokens.
#include <algorithm>
#include <cstring>

#include "engine/clock.h"
#include "engine/operator_kernels.h"

namespace flash_slim {
namespace {

// Row blocks multiplied at once where gate and up alternate: the tile [tokens][8 * kTileBlocks] stays in the L1/L2 cache.
constexpr int64_t kTileBlocks = 8;
// Below this many values, one thread quantizes sooner than two are told to.
constexpr int64_t kParallelQuantize = 16384;

// The int8 copies of the activations at hand. One pass at a time, one product at a time: one buffer serves all operators.
struct ActivationBuffer {
  std::vector<int8_t> q;
  std::vector<float> scale;
  std::vector<int32_t> sum;
  std::vector<Activations> tokens;
};
thread_local ActivationBuffer activation_buffer;  // of the engine's thread

}  // namespace

int64_t StreamMatMulKernel::OutputColumns(const PassState& state) const {
  int64_t columns = 0;
  for (int64_t id : weights_ids) columns += state.controller->chunk(int(id)).rows;
  return silu_mul ? columns / 2 : columns;
}

void StreamMatMulKernel::Quantize(PassState& state, const float* x, int64_t tokens, int64_t columns) const {
  ActivationBuffer& buffer = activation_buffer;
  const int64_t blocks = columns / kBlockValues;
  buffer.tokens.resize(tokens);
  bool quantized = false;
  for (int64_t id : weights_ids) {
    const WeightKind kind = state.controller->chunk(int(id)).kind;
    quantized |= kind != WeightKind::kF32 && kind != WeightKind::kF16;
  }
  quantized &= !state.float_activations;
  if (quantized && buffer.q.size() < size_t(tokens * columns)) {
    buffer.q.resize(tokens * columns);
    buffer.scale.resize(tokens * blocks);
    buffer.sum.resize(tokens * blocks);
  }
  for (int64_t t = 0; t < tokens; t++) {
    buffer.tokens[t] = {x + t * columns, nullptr, nullptr, nullptr};
    if (quantized)
      buffer.tokens[t] = {x + t * columns, &buffer.q[t * columns], &buffer.scale[t * blocks], &buffer.sum[t * blocks]};
  }
  if (!quantized) return;
  const Activations* const all = buffer.tokens.data();
  if (tokens * columns < kParallelQuantize)
    for (int64_t t = 0; t < tokens; t++) state.kernels->quantize(columns, all[t]);
  else
    state.pool->ForEach(tokens, [&](int64_t t, int) { state.kernels->quantize(columns, all[t]); });
}

void StreamMatMulKernel::Multiply(PassState& state, const WeightChunk& chunk, int thread, const Activations* activations,
                                  int64_t tokens, float* y, size_t ldy, uint64_t* stall_ns) const {
  const int threads = state.pool->threads();
  const auto matmul = state.float_activations ? state.kernels->matmul_f32 : state.kernels->matmul;
  const int64_t unit = chunk.paired && silu_mul ? 2 : 1;
  static thread_local std::vector<float> tile;
  for (int index : state.controller->groups_of(chunk.weights_id)) {
    const WeightGroup& g = state.controller->group(index);
    const uint8_t* w = state.controller->PreInvoke(index, stall_ns);
    if (!w) return;
    const int64_t count = (g.row_block_end - g.row_block_begin) / unit;
    const int64_t first = count * thread / threads * unit, last = count * (thread + 1) / threads * unit;
    const int64_t step = unit == 2 ? kTileBlocks : std::max<int64_t>(last - first, 1);
    for (int64_t rb = first; rb < last; rb += step) {
      const int64_t blocks = std::min(step, last - rb);
      const uint8_t* from = w + size_t(rb) * chunk.row_block_bytes;
      const int64_t row = (g.row_block_begin + rb) * kRowsPerBlock;
      if (unit == 2) {
        const size_t ld = kTileBlocks * kRowsPerBlock;
        tile.resize(size_t(tokens) * ld);
        matmul(chunk.kind, from, chunk.columns, blocks, activations, int(tokens), tile.data(), ld);
        for (int64_t t = 0; t < tokens; t++)
          for (int64_t b = 0; b < blocks; b += 2) {
            const float* gate = &tile[t * ld + b * kRowsPerBlock];
            state.kernels->silu_mul(gate, gate + kRowsPerBlock, y + t * ldy + (row + b * kRowsPerBlock) / 2, kRowsPerBlock);
          }
        continue;
      }
      // The last row block may have fewer rows than 8: its product goes through a tile.
      const bool ragged = row + blocks * kRowsPerBlock > chunk.rows;
      const int64_t whole = ragged ? blocks - 1 : blocks;
      if (whole > 0) matmul(chunk.kind, from, chunk.columns, whole, activations, int(tokens), y + row, ldy);
      if (ragged) {
        tile.resize(size_t(tokens) * kRowsPerBlock);
        matmul(chunk.kind, from + size_t(whole) * chunk.row_block_bytes, chunk.columns, 1, activations, int(tokens),
               tile.data(), kRowsPerBlock);
        const int64_t at = row + whole * kRowsPerBlock;
        for (int64_t t = 0; t < tokens; t++)
          std::memcpy(y + t * ldy + at, &tile[t * kRowsPerBlock], size_t(chunk.rows - at) * sizeof(float));
      }
    }
    state.controller->PostInvoke(index);
  }
}

void StreamMatMulKernel::Compute(PassState& state, const float* x, int64_t tokens, float* y) const {
  if (tokens == 0) return;
  const uint64_t begin = NowNs();
  const size_t ldy = size_t(OutputColumns(state));
  Quantize(state, x, tokens, state.controller->chunk(int(weights_ids[0])).columns);
  const Activations* const activations = activation_buffer.tokens.data();  // the workers have buffers of their own
  uint64_t stall_ns = 0;
  uint64_t chunk_begin = begin;
  state.pool->Run([&](int thread) {
    float* column = y;
    uint64_t chunk_stall = 0;
    for (int64_t id : weights_ids) {
      const WeightChunk& chunk = state.controller->chunk(int(id));
      Multiply(state, chunk, thread, activations, tokens, column, ldy, thread == 0 ? &chunk_stall : nullptr);
      column += chunk.rows;
      if (thread == 0) {
        const uint64_t now = NowNs();
        state.controller->OnChunkDone(int(id), now - chunk_begin - chunk_stall);
        chunk_begin = now;
        stall_ns += chunk_stall;
        chunk_stall = 0;
      }
    }
  });
  state.stall_ns += stall_ns;
  state.streamed_compute_ns += NowNs() - begin - stall_ns;
}

}  // namespace flash_slim
