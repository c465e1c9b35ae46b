// One chunk of the weight cache (docs/formats/weight-cache.md): where its rows lie in the model file, and how they are
// cut.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cache/block_rows.h"
#include "cache/row_converter.h"
#include "kernels/layout.h"

namespace flash_slim {

// A run of bytes for each row, one after the other, in one of the model's files.
struct SourcePart {
  size_t file;
  uint64_t offset;
  size_t row_bytes;
};

// A matrix in one of the model's files, row by row. With `blocks` the bytes are those of its quants, and scales and zero
// points lie elsewhere.
struct SourceTensor {
  uint64_t offset;
  uint64_t bytes;
  int64_t rows;
  size_t file = 0;
  SourceForm form = SourceForm::kAsStored;
  BlockRows blocks = {};
  size_t scale_file = 0, zero_point_file = 0;
  uint64_t scale_offset = 0, zero_point_offset = 0;
};

struct CacheChunk {
  std::string name;  // "layer 3 gate_up", for errors
  WeightKind kind = WeightKind::kF32;
  int64_t columns = 0;
  bool alternating = false;     // row blocks of the tensors (equal rows each) take turns
  int64_t unit_row_blocks = 0;  // row blocks that one checksum covers
  uint64_t offset = 0;          // in the cache file, a multiple of kPageBytes
  std::vector<SourceTensor> tensors;

  // Throws Error BAD_CHUNK where the fields contradict each other, or would make row blocks beyond kMaxUnitBytes, and
  // SOURCE_TRUNCATED where a tensor passes the end of its file; `file_bytes` has every file's size.
  void Check(const std::vector<uint64_t>& file_bytes) const;

  // The rest holds for a chunk that passed Check.
  int64_t rows() const;
  int64_t row_blocks() const;
  size_t row_block_bytes() const { return RowBlockBytes(kind, columns); }
  // The first part is the tensor itself.
  std::vector<SourcePart> parts(size_t tensor) const;
  size_t source_row_bytes(size_t tensor) const { return parts(tensor)[0].row_bytes; }
  size_t unit_bytes() const { return size_t(unit_row_blocks) * row_block_bytes(); }
};

// Bounds the memory a build takes: a unit is packed in one buffer.
constexpr size_t kMaxUnitBytes = 64 << 20;
constexpr size_t kMaxTensorsPerChunk = 64;

// Consecutive rows of one tensor.
struct SourceRows {
  size_t tensor;
  int64_t first_row;
  int64_t rows;
};
// The rows that fill the row blocks [begin, end), at most one run of each tensor. Fewer than 8 rows a block at the end
// of the chunk, and at the end of each tensor where they alternate.
std::vector<SourceRows> RowsOfBlocks(const CacheChunk& chunk, int64_t begin, int64_t end);

}  // namespace flash_slim
