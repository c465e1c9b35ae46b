// One dispatch serves a whole matrix: its items are parts of its groups, in order of use, taken by whichever compute
// thread is free. A group is read once for all threads and tokens, and given back when its last part is done.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "engine/clock.h"
#include "engine/operator_kernels.h"

namespace flash_slim {
namespace {

// Row blocks multiplied at once where gate and up alternate: the tile [tokens][8 * kTileBlocks] stays in the L1/L2
// cache.
constexpr int64_t kTileBlocks = 8;
// Below this many values, one thread quantizes sooner than two are told to.
constexpr int64_t kParallelQuantize = 16384;

// The int8 copies of the activations at hand. One pass at a time, one product at a time: one buffer serves all
// operators.
struct ActivationBuffer {
  std::vector<int8_t> q;
  std::vector<float> scale;
  std::vector<int32_t> sum;
  std::vector<Activations> tokens;
};
// Of the engine's thread.
thread_local ActivationBuffer activation_buffer;
thread_local AdapterProduct adapter_product;

}  // namespace

int64_t StreamMatMulKernel::OutputColumns(const PassState& state) const {
  int64_t columns = 0;
  for (int64_t id : weights_ids) columns += state.controller->chunk(int(id)).rows;
  return gate == Gate::kNone ? columns : columns / 2;
}

const Activations* StreamMatMulKernel::Quantize(PassState& state, const float* x, int64_t tokens,
                                                int64_t columns) const {
  ActivationBuffer& buffer = activation_buffer;
  const int64_t blocks = columns / kBlockValues;
  buffer.tokens.resize(tokens);
  bool quantized = false;
  for (int64_t id : weights_ids) {
    quantized |= !IsFloat(state.controller->chunk(int(id)).kind);
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
  const Activations* const all = buffer.tokens.data();
  if (!quantized) return all;
  if (tokens * columns < kParallelQuantize)
    for (int64_t t = 0; t < tokens; t++) state.kernels->quantize(columns, all[t]);
  else
    state.pool->ForEach(tokens, [&](int64_t t) { state.kernels->quantize(columns, all[t]); });
  return all;
}

void StreamMatMulKernel::Multiply(PassState& state, const Part& part, const Activations* activations, int64_t tokens,
                                  const AdapterProduct* adapters, int64_t first_row, float* y, size_t ldy) const {
  const uint8_t* w = state.controller->PreInvoke(part.group, &state.waited_ns);
  if (!w) return;
  const WeightGroup& g = state.controller->group(part.group);
  const WeightChunk& chunk = state.controller->chunk(g.weights_id);
  const auto matmul = state.float_activations ? state.kernels->matmul_f32 : state.kernels->matmul;
  const int64_t unit = gate == Gate::kNone ? 1 : 2, parts = state.parts_per_group;
  const int64_t count = (g.row_block_end - g.row_block_begin) / unit;
  const int64_t first = count * part.index / parts * unit, last = count * (part.index + 1) / parts * unit;
  static thread_local std::vector<float> tile;
  if (gate != Gate::kNone) {
    const auto multiply_gate = gate == Gate::kSilu ? state.kernels->silu_mul : state.kernels->gelu_mul;
    constexpr size_t ld = kTileBlocks * kRowsPerBlock;
    tile.resize(size_t(tokens) * ld);
    for (int64_t rb = first; rb < last; rb += kTileBlocks) {
      const int64_t blocks = std::min(kTileBlocks, last - rb);
      matmul(chunk.kind, w + size_t(rb) * chunk.row_block_bytes, chunk.columns, blocks, activations, int(tokens),
             tile.data(), ld);
      if (adapters)
        adapters->AddTo(g.weights_id, (g.row_block_begin + rb) * kRowsPerBlock, blocks * kRowsPerBlock, tile.data(),
                        ld);
      for (int64_t t = 0; t < tokens; t++)
        for (int64_t b = 0; b < blocks; b += 2) {
          const float* gates = &tile[t * ld + b * kRowsPerBlock];
          multiply_gate(gates, gates + kRowsPerBlock,
                        y + t * ldy + ((g.row_block_begin + rb + b) / 2 * kRowsPerBlock - first_row), kRowsPerBlock);
        }
    }
  } else if (first < last) {
    const int64_t row = (g.row_block_begin + first) * kRowsPerBlock - first_row;
    // The last row block may have fewer rows than 8: its product goes through a tile.
    const bool ragged = (g.row_block_begin + last) * kRowsPerBlock > chunk.rows;
    const int64_t whole = last - first - (ragged ? 1 : 0);
    const uint8_t* from = w + size_t(first) * chunk.row_block_bytes;
    if (whole > 0) matmul(chunk.kind, from, chunk.columns, whole, activations, int(tokens), y + row, ldy);
    if (ragged) {
      tile.resize(size_t(tokens) * kRowsPerBlock);
      matmul(chunk.kind, from + size_t(whole) * chunk.row_block_bytes, chunk.columns, 1, activations, int(tokens),
             tile.data(), kRowsPerBlock);
      const int64_t at = row + whole * kRowsPerBlock, rows = chunk.rows - first_row;
      for (int64_t t = 0; t < tokens; t++)
        std::memcpy(y + t * ldy + at, &tile[t * kRowsPerBlock], size_t(rows - at) * sizeof(float));
    }
    const int64_t end = std::min((g.row_block_begin + last) * kRowsPerBlock, int64_t(chunk.rows)) - first_row;
    if (adapters) adapters->AddTo(g.weights_id, first_row + row, end - row, y + row, ldy);
    for (int64_t t = 0; softcap > 0 && t < tokens; t++)
      state.kernels->softcap(y + t * ldy + row, size_t(end - row), softcap);
  }
  state.controller->PostInvoke(part.group);
}

const StreamMatMulKernel::Parts& StreamMatMulKernel::PartsOf(const PassState& state) const {
  if (parts_.load_number == state.load_number) return parts_;
  parts_ = {state.load_number, &state, {}, 0};
  size_t column = 0;
  for (int64_t id : weights_ids) {
    const WeightChunk& chunk = state.controller->chunk(int(id));
    for (int group : state.controller->groups_of(int(id)))
      for (int index = 0; index < state.parts_per_group; index++) parts_.list.push_back({group, index, column});
    column += size_t(chunk.rows);
    parts_.bytes += size_t(chunk.row_blocks) * chunk.row_block_bytes;
  }
  return parts_;
}

void StreamMatMulKernel::Compute(PassState& state, const float* x, int64_t tokens, float* y) const {
  if (tokens == 0) return;
  const uint64_t begin = NowNs();
  WeightChunkController& controller = *state.controller;
  const size_t ldy = size_t(OutputColumns(state));
  const Activations* const activations =  // the workers have buffers of their own
      Quantize(state, x, tokens, controller.chunk(int(weights_ids[0])).columns);
  adapter_product.Begin(state, weights_ids, x);
  const AdapterProduct* const adapters = adapter_product.empty() ? nullptr : &adapter_product;

  const Parts& parts = PartsOf(state);
  const ItemGate gate{[](const void* owner, int64_t i, const Turn& turn) {
                        const Parts& parts = *static_cast<const Parts*>(owner);
                        parts.state->controller->AwaitGroup(parts.list[i].group, turn, &parts.state->waited_ns);
                      },
                      [](const void* owner) { static_cast<const Parts*>(owner)->state->controller->WakeWaiting(); },
                      &parts};
  const uint64_t waited_before = state.waited_ns.load(std::memory_order_relaxed);
  state.pool->ForEach(
      int64_t(parts.list.size()),
      [&](int64_t i) {
        Multiply(state, parts.list[i], activations, tokens, adapters, 0, y + parts.list[i].column, ldy);
      },
      gate);
  // Threads wait side by side: what the operator lost is their mean.
  const uint64_t waited = state.waited_ns.load(std::memory_order_relaxed) - waited_before;
  const uint64_t wall = NowNs() - begin, lost = std::min(wall, waited / uint64_t(state.pool->threads()));
  const uint64_t spent = wall - lost;
  for (int64_t id : weights_ids) {
    const WeightChunk& chunk = controller.chunk(int(id));
    const double share = double(chunk.row_blocks) * double(chunk.row_block_bytes) / double(parts.bytes);
    controller.OnChunkDone(int(id), uint64_t(double(spent) * share));
  }
  state.stall_ns += lost;
  state.streamed_compute_ns += spent;
}

}  // namespace flash_slim
