#include "engine/kv_cache.h"

#include <string>

#include "error.h"

namespace flash_slim {
namespace {

int64_t BlocksFor(int64_t tokens) { return (tokens + kKvBlockTokens - 1) / kKvBlockTokens; }
size_t TileBytes(const KvShape& s) { return size_t(s.head_size) * kKvBlockTokens * (s.type == KvType::kF16 ? 2 : 4); }

}  // namespace

size_t KvCache::BytesFor(const KvShape& s) {
  return size_t(s.max_sequences) * BlocksFor(s.context_length) * s.layers * s.kv_heads * 2 * TileBytes(s);
}

KvCache::KvCache(const KvShape& shape)
    : shape_(shape), tile_bytes_(TileBytes(shape)), memory_(BytesFor(shape), false, false) {
  // The lowest block is taken first, so that pages touched once are used again.
  for (int64_t i = shape.max_sequences * BlocksFor(shape.context_length); i-- > 0;) free_.push_back(int32_t(i));
}

int KvCache::CreateSequence() {
  if (int(sequences_.size()) >= shape_.max_sequences)
    throw Error("TOO_MANY_SEQUENCES", "the plan has room for " + std::to_string(shape_.max_sequences) + " sequences");
  sequences_[next_id_] = {};
  return next_id_++;
}

void KvCache::FreeSequence(int id) {
  if (sequences_.count(id)) {
    Truncate(id, 0);
    sequences_.erase(id);
  }
}

KvCache::Sequence& KvCache::Get(int id) {
  auto found = sequences_.find(id);
  if (found == sequences_.end()) throw Error("UNKNOWN_SEQUENCE", "there is no sequence " + std::to_string(id));
  return found->second;
}

void KvCache::Reserve(const std::vector<Growth>& growths) {
  for (const Growth& growth : growths) {
    const int64_t length = Get(growth.sequence).length + growth.tokens;
    if (length > shape_.context_length)
      throw Error("CONTEXT_FULL", std::to_string(length) + " tokens do not fit in a context of " +
                                      std::to_string(shape_.context_length) + "; raise --context-length");
  }
  for (const Growth& growth : growths) {
    Sequence& sequence = Get(growth.sequence);
    while (int64_t(sequence.blocks.size()) < BlocksFor(sequence.length + growth.tokens)) {
      sequence.blocks.push_back(free_.back());  // never empty: every sequence has room for a whole context
      free_.pop_back();
    }
  }
}

void KvCache::Truncate(int id, int64_t length) {
  Sequence& sequence = Get(id);
  sequence.length = std::min(sequence.length, length);
  while (int64_t(sequence.blocks.size()) > BlocksFor(sequence.length)) {
    free_.push_back(sequence.blocks.back());
    sequence.blocks.pop_back();
  }
}

}  // namespace flash_slim
