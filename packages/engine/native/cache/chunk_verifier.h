// Holds every byte of a weight cache's chunks against the checksums of its manifest.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cache/job.h"
#include "io/direct_file.h"

namespace flash_slim {

struct StoredChunk {
  std::string name;
  uint64_t offset = 0;  // a multiple of kPageBytes
  int64_t row_blocks = 0;
  uint64_t row_block_bytes = 0;
  int64_t unit_row_blocks = 0;
  std::vector<uint32_t> unit_crc32c;
};

// Throws Error CACHE_CORRUPT naming the first chunk and row blocks that differ (or the chunk after which the padding up
// to the next page is not zeros), CACHE_TRUNCATED, READ_FAILED, CANCELLED. bytes_done rises to the bytes of the chunks.
void VerifyChunks(const DirectFile& cache, const std::vector<StoredChunk>& chunks, Job& job);

}  // namespace flash_slim
