// What the engine is told about the weights: chunks (rows of the CMT) and the groups that the plan cuts them into.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/layout.h"

namespace flash_slim {

enum class Mode : uint8_t { kPrefill = 0, kDecode = 1 };

struct WeightChunk {
  int weights_id = 0;
  std::string name;
  WeightKind kind = WeightKind::kF32;
  int64_t rows = 0, columns = 0;
  uint64_t offset = 0;  // in the weight cache, a multiple of 4096
  int64_t row_blocks = 0;
  size_t row_block_bytes = 0;
  bool head = false;
  bool gathered = false;
  bool paired = false;  // row blocks alternate gate, up
  // Equal runs of row blocks, of which a pass uses only some; 0: all of it is always used.
  int experts = 0;
  std::vector<uint32_t> row_block_crc32c;  // of every row block, where rows are gathered; else empty
};

inline int64_t RowBlocksPerExpert(const WeightChunk& chunk) { return chunk.row_blocks / chunk.experts; }

struct WeightGroup {
  int weights_id = 0;
  int64_t row_block_begin = 0, row_block_end = 0;
  bool resident = false;
  uint32_t crc32c = 0;
};

struct PrefetchPlan {
  std::vector<WeightGroup> groups;  // in order of use
  int slot_count = 0;
  size_t slot_bytes = 0;
};

}  // namespace flash_slim
