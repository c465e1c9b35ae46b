#include <cstring>

#include "engine/operator_kernels.h"

namespace flash_slim {

void RaggedAttentionKernel::Compute(PassState& state, const float* qkv, float* out) const {
  const KernelSet& kernels = *state.kernels;
  const int64_t tokens = int64_t(state.tokens.size());
  const size_t width = size_t(heads + 2 * kv_heads) * head_size, query_width = size_t(heads) * head_size;
  const PassState::Rotation& rotation = state.RotationFor(inverse_frequencies);
  const size_t pairs = inverse_frequencies.size();
  static thread_local std::vector<float> queries_buffer;  // of the engine's thread: the input is not ours to change
  queries_buffer.resize(size_t(tokens) * query_width);
  float* const queries = queries_buffer.data();

  // Every token's key and value are stored before any token attends: a prefill chunk's tokens see each other.
  state.pool->ForEach(tokens, [&](int64_t t) {
    const PassState::Token& token = state.tokens[t];
    const float* row = qkv + size_t(t) * width;
    const float *cosines = &rotation.cosines[t * pairs], *sines = &rotation.sines[t * pairs];
    float* query = queries + size_t(t) * query_width;
    std::memcpy(query, row, query_width * sizeof(float));
    for (int h = 0; h < heads; h++) kernels.rotate(query + size_t(h) * head_size, rotary_dim, interleaved, cosines, sines);
    static thread_local std::vector<float> key;
    key.resize(head_size);
    const int32_t block = token.sequence->blocks[token.position / kKvBlockTokens];
    const int slot = int(token.position % kKvBlockTokens);
    for (int h = 0; h < kv_heads; h++) {
      std::memcpy(key.data(), row + query_width + size_t(h) * head_size, size_t(head_size) * sizeof(float));
      kernels.rotate(key.data(), rotary_dim, interleaved, cosines, sines);
      kernels.store_kv(state.kv->shape().type, key.data(), row + query_width + size_t(kv_heads + h) * head_size, head_size,
                       slot, state.kv->KeyTile(block, layer, h), state.kv->ValueTile(block, layer, h));
    }
  });

  const int group = heads / kv_heads;
  state.pool->ForEach(tokens * kv_heads, [&](int64_t i) {
    const int64_t t = i / kv_heads;
    const int kv_head = int(i % kv_heads);
    const PassState::Token& token = state.tokens[t];
    const int64_t last = token.position + 1, blocks = (last + kKvBlockTokens - 1) / kKvBlockTokens;
    static thread_local std::vector<const void*> keys, values;
    static thread_local std::vector<float> scores;
    keys.resize(blocks);
    values.resize(blocks);
    for (int64_t b = 0; b < blocks; b++) {
      keys[b] = state.kv->KeyTile(token.sequence->blocks[b], layer, kv_head);
      values[b] = state.kv->ValueTile(token.sequence->blocks[b], layer, kv_head);
    }
    scores.resize(size_t(group) * blocks * kKvBlockTokens);
    const size_t at = size_t(t) * query_width + size_t(kv_head) * group * head_size;
    kernels.attend(state.kv->shape().type, queries + at, group, head_size, scale, keys.data(), values.data(), 0, last,
                   scores.data(), out + at);
  });
}

}  // namespace flash_slim
