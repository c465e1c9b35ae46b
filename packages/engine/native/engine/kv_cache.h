// Keys and values of every sequence, in blocks of kKvBlockTokens tokens that hold all layers and KV heads. A sequence
// is a list of blocks, taken from one pool as it grows, so a pass can serve any mixture of sequences.
//
// Inside a block, [layer][kv_head][key tile, value tile]; a key tile is [head_size][kKvBlockTokens], a value tile
// [kKvBlockTokens][head_size], both of f32 or f16.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "engine/memory_region.h"
#include "kernels/kernel_set.h"

namespace flash_slim {

struct KvShape {
  int layers = 0, kv_heads = 0, head_size = 0;
  KvType type = KvType::kF16;
  int64_t context_length = 0;
  int max_sequences = 1;
};

class KvCache {
 public:
  struct Sequence {
    int64_t length = 0;  // tokens stored
    std::vector<int32_t> blocks;
  };

  // AllocateKVCache of the design: maps the pool; pages become present as sequences grow. Throws OUT_OF_MEMORY.
  explicit KvCache(const KvShape& shape);

  int CreateSequence();       // throws Error TOO_MANY_SEQUENCES
  void FreeSequence(int id);  // unknown ids are ignored
  Sequence& Get(int id);      // throws Error UNKNOWN_SEQUENCE
  struct Growth {
    int sequence;
    int64_t tokens;
  };
  // Makes room for as many tokens more; throws CONTEXT_FULL or UNKNOWN_SEQUENCE, changing none of them.
  void Reserve(const std::vector<Growth>& growths);
  // Forgets the tokens from `length` on and gives back their blocks.
  void Truncate(int id, int64_t length);

  void* KeyTile(int32_t block, int layer, int kv_head) const { return Tile(block, layer, kv_head, 0); }
  void* ValueTile(int32_t block, int layer, int kv_head) const { return Tile(block, layer, kv_head, 1); }
  const KvShape& shape() const { return shape_; }
  size_t bytes() const { return memory_.size(); }
  static size_t BytesFor(const KvShape& shape);

 private:
  void* Tile(int32_t block, int layer, int kv_head, int which) const {
    const size_t index = ((size_t(block) * shape_.layers + layer) * shape_.kv_heads + kv_head) * 2 + which;
    return memory_.data() + index * tile_bytes_;
  }

  KvShape shape_;
  size_t tile_bytes_;
  MemoryRegion memory_;
  std::vector<int32_t> free_;
  std::map<int, Sequence> sequences_;
  int next_id_ = 0;
};

}  // namespace flash_slim
