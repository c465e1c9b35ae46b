#include <cstdlib>

#include "checksum/crc32c.h"
#include "engine/operator_kernels.h"
#include "error.h"

namespace flash_slim {

void GatherRowsKernel::Compute(PassState& state, const int64_t* ids, int64_t count, float* out) const {
  WeightChunkController& controller = *state.controller;
  const WeightChunk& chunk = controller.chunk(weights_id);
  const std::string chunk_number = " (chunk " + std::to_string(weights_id) + ")";
  state.pool->ForEach(count, [&](int64_t i) {
    if (controller.stopped()) return;
    const int64_t row = ids[i];
    if (row < 0 || row >= chunk.rows)
      return controller.Fail("INVALID_TOKEN", "token " + std::to_string(row) + " is outside the vocabulary of " +
                                                  std::to_string(chunk.rows));
    const int64_t row_block = row / kRowsPerBlock;
    const uint8_t* block = controller.ResidentRowBlock(weights_id, row_block);
    static thread_local std::unique_ptr<uint8_t, decltype(&std::free)> scratch{nullptr, &std::free};
    static thread_local size_t scratch_size = 0;
    if (!block) {
      const uint64_t offset = chunk.offset + uint64_t(row_block) * chunk.row_block_bytes;
      const uint64_t begin = AlignDown(offset, kPageBytes);
      const size_t size = AlignUp(offset + chunk.row_block_bytes, kPageBytes) - begin;
      if (scratch_size < size) {
        scratch.reset(static_cast<uint8_t*>(std::aligned_alloc(kPageBytes, size + kPageBytes)));
        scratch_size = size + kPageBytes;
      }
      try {
        if (controller.file().Read(scratch.get(), size, begin) < offset - begin + chunk.row_block_bytes)
          return controller.Fail("CHUNK_TRUNCATED", "the weight cache ends inside " + chunk.name + chunk_number +
                                                        ", row " + std::to_string(row) + ": " +
                                                        controller.file().path() +
                                                        " shrank or was replaced; rebuild it with flash-slim profile");
      } catch (const Error& error) {
        return controller.Fail("CHUNK_READ_FAILED", "reading " + chunk.name + chunk_number + ", row " +
                                                        std::to_string(row) + " failed: " + error.what() +
                                                        "; check the storage that holds it");
      }
      block = scratch.get() + (offset - begin);
      if (Crc32c(block, chunk.row_block_bytes) != chunk.row_block_crc32c[row_block])
        return controller.Fail("CHUNK_CORRUPT", "wrong checksum in " + chunk.name + chunk_number + ", row " +
                                                    std::to_string(row) +
                                                    ": the bytes on flash are not those that were written; rebuild the "
                                                    "weight cache with flash-slim profile");
    }
    DequantizeRow(chunk.kind, chunk.columns, block, int(row % kRowsPerBlock), out + size_t(i) * chunk.columns);
  });
}

}  // namespace flash_slim
