// Low-rank adapters (LoRA): what a fine-tuning changed of a product, y += scale * B (A x), computed beside the streamed
// weight, which stays as it is. Sequences of one pass may have different adapters, several or none.
//
// Sums have one order on every CPU: 16 lanes along the columns, then ranks one by one, each product rounded.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "engine/weight_chunks.h"

namespace flash_slim {

class ThreadPool;
struct PassState;

// The change of some rows of one chunk.
struct AdapterModule {
  int weights_id = 0;
  // Rows from this one on; or of a paired chunk, whose row blocks alternate, the first (0) or second (1) of each pair.
  int64_t row_begin = 0;
  int pair_side = -1;
  int64_t rows = 0, columns = 0, rank = 0;
  float scale = 1;
  std::vector<float> a;  // [rank][columns]
  std::vector<float> b;  // [rank][rows]
};

// `b` is [rows][rank] as files have it. With `interleaved_head` > 0 rows are of heads of that size whose halves rotate
// against each other in the file, and whose neighbours do in the chunk (GGUF's order for llama).
std::vector<float> TransposedRows(const float* b, int64_t rows, int64_t rank, int64_t interleaved_head);

class Adapter {
 public:
  // Throws INVALID_REQUEST for a module that does not fit its chunk.
  void Add(AdapterModule module, const WeightChunk& chunk);
  const std::vector<AdapterModule>* ModulesOf(int weights_id) const {
    const auto found = modules_.find(weights_id);
    return found == modules_.end() ? nullptr : &found->second;
  }

 private:
  std::map<int, std::vector<AdapterModule>> modules_;
};

// A sequence's tokens in a pass, and an adapter that they have.
struct AdapterSpan {
  const Adapter* adapter;
  float scale;
  int64_t token_begin, token_count;
};

// What the adapters of a pass add to one operator's product. One at a time, of the engine's thread.
class AdapterProduct {
 public:
  // Computes scale * A x for all modules of these chunks. x [tokens][columns], of all tokens of the pass.
  void Begin(const PassState& state, const std::vector<int64_t>& weights_ids, const float* x);
  bool empty() const { return parts_.empty(); }
  // Adds B times that to y [tokens][ldy], whose first `count` columns are the chunk's rows from row_begin on. Any
  // thread.
  void AddTo(int weights_id, int64_t row_begin, int64_t count, float* y, size_t ldy) const;

 private:
  struct Part {
    const AdapterModule* module;
    float scale;
    int64_t token_begin, token_count;
    size_t inner;  // where [token_count][rank] begins
  };
  std::vector<Part> parts_;
  std::vector<float> inner_;
};

}  // namespace flash_slim
