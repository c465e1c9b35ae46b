#include <algorithm>
#include <cstring>

#include "elementary.h"
#include "engine/operator_kernels.h"

namespace flash_slim {

void RaggedAttentionKernel::Compute(PassState& state, const float* qkv, const Weights& weights, float* out) const {
  const KernelSet& kernels = *state.kernels;
  const int64_t tokens = int64_t(state.tokens.size());
  const size_t query_width = size_t(heads) * head_size, kv_width = size_t(kv_heads) * head_size;
  const size_t width = query_width + 2 * kv_width;
  const bool is_long = !long_turns.inverse_frequencies.empty() && state.kv->shape().context_length > short_context;
  const PassState::Rotation& rotation = state.RotationFor(is_long ? long_turns : turns);
  const size_t pairs = size_t(rotary_dim) / 2;
  static thread_local std::vector<float> queries_buffer;  // of the engine's thread: the input is not ours to change
  queries_buffer.resize(size_t(tokens) * query_width);
  float* const queries = queries_buffer.data();
  const auto add = [](const float* values, const float* bias, float* sums, size_t count) {
    if (!bias) std::memcpy(sums, values, count * sizeof(float));
    for (size_t i = 0; bias && i < count; i++) sums[i] = values[i] + bias[i];
  };
  const auto norm_and_rotate = [&](float* values, int count, const float* norm, const float* cosines,
                                   const float* sines) {
    if (norm && weights.norm_all_heads) kernels.rms_norm(values, norm, values, count * head_size, norm_epsilon);
    for (int h = 0; h < count; h++) {
      float* head = values + size_t(h) * head_size;
      if (norm && !weights.norm_all_heads) kernels.rms_norm(head, norm, head, head_size, norm_epsilon);
      if (rotary_dim > 0) kernels.rotate(head, rotary_dim, interleaved, cosines, sines);
    }
  };

  // Every token's key and value are stored before any token attends: a prefill chunk's tokens see each other.
  state.pool->ForEach(tokens, [&](int64_t t) {
    const PassState::Token& token = state.tokens[t];
    const float* row = qkv + size_t(t) * width;
    const float *cosines = rotation.cosines.data() + t * pairs, *sines = rotation.sines.data() + t * pairs;
    float* query = queries + size_t(t) * query_width;
    add(row, weights.bias, query, query_width);
    norm_and_rotate(query, heads, weights.query_norm, cosines, sines);
    if (const int64_t contexts = token.position / temperature_context; temperature_scale != 0 && contexts > 0) {
      const float growth = float(1 + temperature_scale * elementary::Log(double(1 + contexts)));
      for (size_t i = 0; i < query_width; i++) query[i] *= growth;
    }
    static thread_local std::vector<float> keys_and_values;
    keys_and_values.resize(2 * kv_width);
    float* const keys = keys_and_values.data();
    add(row + query_width, weights.bias ? weights.bias + query_width : nullptr, keys, 2 * kv_width);
    norm_and_rotate(keys, kv_heads, weights.key_norm, cosines, sines);
    const int32_t block = token.sequence->blocks[token.position / kKvBlockTokens];
    const int slot = int(token.position % kKvBlockTokens);
    for (int h = 0; h < kv_heads; h++) {
      const float* key = keys + size_t(h) * head_size;
      kernels.store_kv(state.kv->shape().type, key, key + kv_width, head_size, slot, state.kv->KeyTile(block, layer, h),
                       state.kv->ValueTile(block, layer, h));
    }
  });

  const int group = heads / kv_heads;
  state.pool->ForEach(tokens * kv_heads, [&](int64_t i) {
    const int64_t t = i / kv_heads;
    const int kv_head = int(i % kv_heads);
    const PassState::Token& token = state.tokens[t];
    const int64_t last = token.position + 1, first = window > 0 ? std::max(last - window, int64_t(0)) : 0;
    const int64_t first_block = first / kKvBlockTokens, blocks = (last + kKvBlockTokens - 1) / kKvBlockTokens;
    static thread_local std::vector<const void*> keys, values;
    static thread_local std::vector<float> scores;
    keys.resize(blocks);
    values.resize(blocks);
    for (int64_t b = first_block; b < blocks; b++) {
      keys[b] = state.kv->KeyTile(token.sequence->blocks[b], layer, kv_head);
      values[b] = state.kv->ValueTile(token.sequence->blocks[b], layer, kv_head);
    }
    scores.resize(size_t(group) * (blocks - first_block) * kKvBlockTokens);
    const size_t at = size_t(t) * query_width + size_t(kv_head) * group * head_size;
    kernels.attend(state.kv->shape().type, queries + at, group, head_size, scale, softcap, keys.data(), values.data(),
                   first, last, scores.data(), out + at);
  });
}

}  // namespace flash_slim
